/**
 * `npm test`: the servers, then Jest on the short suite: the spec files named `*.spec.ts` and `*.both.spec.ts`.
 * `npm run test:all`: the long suite: `*.long.spec.ts`, and `*.both.spec.ts` once more, with more cases; then
 * `*.alone.spec.ts`, which measure, one file at a time.
 * With arguments, which go to Jest, what they name runs: `npm test -- libs/job-scheduler/src/errors`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measureSlowness } from '../test/support/slowness.mjs';
import { embed } from './embed.mjs';
import { node, programs } from './run.mjs';
import { setup } from './setup.mjs';

// One worker more than cores: for a third of their time, files wait for the clock, a store or a process.
const workers = ['--maxWorkers', String(availableParallelism() + 1)];

const suites = {
  short: [...workers, '--testPathIgnorePatterns', '\\.(long|alone)\\.spec\\.ts$'],
  long: [...workers, '\\.(long|both)\\.spec\\.ts$'],
  // A worker, and not Jest's own process: it is renewed when its memory has grown.
  alone: ['--maxWorkers', '1', '\\.alone\\.spec\\.ts$'],
};

/** Jest's options that take the next word. */
const valued = new Set(['-t', '--testNamePattern', '-w', '--maxWorkers', '--seed', '--shard', '--testTimeout']);

const namesPath = (args) => args.some((arg, n) => !arg.startsWith('-') && !valued.has(args[n - 1]));

/** Runs Jest and gives its exit code: on `args`, or, where these name no path, on the suite. `output` is `spawn`'s `stdio`. */
export async function runTests(suite, args, output = 'inherit') {
  const directory = mkdtempSync(join(tmpdir(), 'job-scheduler-test-'));
  const slowness = await measureSlowness();
  if (slowness > 1 && output === 'inherit')
    console.log(
      `This machine is ${slowness} times slower than the one where ceilings were set: waits may take as long.`,
    );
  const env = {
    ...process.env,
    TEST_SUITE: suite === 'short' ? 'short' : 'long',
    TEST_SLOWNESS: String(slowness),
    TEST_FIGURES: join(directory, 'figures.txt'),
  };
  try {
    const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
    const wanted = namesPath(args) ? args : [...args, ...suites[suite]];
    return await node([...flags, programs.jest, ...wanted], { env, stdio: output });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The long suite: what may run beside others, then what may not. One run where `args` name the files. */
async function runLong(args) {
  const together = await runTests('long', args);
  return namesPath(args) ? together : (await runTests('alone', args)) || together;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [first, ...rest] = process.argv.slice(2);
  setup({ servers: true });
  embed();
  process.exitCode = await (first === '--long' ? runLong(rest) : runTests('short', process.argv.slice(2)));
}
