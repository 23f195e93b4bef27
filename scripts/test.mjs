/**
 * `npm test`: the servers, then Jest on the short suite: the spec files named `*.spec.ts` and `*.both.spec.ts`.
 * `npm run test:all`: the long suite: `*.long.spec.ts`, and `*.both.spec.ts` once more, with more cases; then
 * `*.alone.spec.ts`, which measure, one file at a time. With `--once-more`, files that failed run again by themselves, and
 * are named: only what fails then, too, is a failure.
 * With arguments, which go to Jest, what they name runs: `npm test -- libs/job-scheduler/src/errors`.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
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

/**
 * Runs Jest and gives its exit code: on `args`, or, where these name no path, on the suite. `output` is `spawn`'s `stdio`. To
 * `failed` it adds the files that failed.
 */
export async function runTests(suite, args, output = 'inherit', failed = []) {
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
    TEST_FAILED: join(directory, 'failed.txt'),
  };
  try {
    const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
    const wanted = namesPath(args) ? args : [...args, ...suites[suite]];
    const code = await node([...flags, programs.jest, ...wanted], { env, stdio: output });
    if (existsSync(env.TEST_FAILED)) failed.push(...readFileSync(env.TEST_FAILED, 'utf8').trim().split('\n'));
    return code;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The long suite: what may run beside others, then what may not. One run where `args` name the files. */
async function runLong(args, failed) {
  const together = await runTests('long', args, 'inherit', failed);
  return namesPath(args) ? together : (await runTests('alone', args, 'inherit', failed)) || together;
}

/** More than so many failures have one cause, which is no halt of the machine. */
const MOST_UNSTEADY = 5;

async function runLongOnceMore(args) {
  const failed = [];
  const code = await runLong(args, failed);
  if (code === 0 || failed.length === 0 || failed.length > MOST_UNSTEADY) return code;
  console.log(`\nOnce more, by themselves:\n${failed.join('\n')}`);
  const again = await runTests('alone', ['--maxWorkers', '1', ...failed]);
  if (again === 0) console.log(`\nUnsteady, to be mended: ${failed.join(', ')}`);
  return again;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [first, ...rest] = process.argv.slice(2);
  setup({ servers: true });
  embed();
  const once = rest.filter((arg) => arg !== '--once-more');
  if (first !== '--long') process.exitCode = await runTests('short', process.argv.slice(2));
  else process.exitCode = await (once.length < rest.length ? runLongOnceMore(once) : runLong(rest));
}
