/**
 * `npm test`: the servers, then Jest on the short suite: all spec files but `*.long.spec.ts`.
 * `npm run test:all`: the long suite, one file at a time. With arguments, which go to Jest, whatever they name runs:
 * `npm test -- libs/job-scheduler/src/errors`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measureSlowness } from '../test/support/slowness.mjs';
import { node, programs } from './run.mjs';
import { setup } from './setup.mjs';

const LONG = '\\.long\\.spec\\.ts$';
export const suites = {
  short: ['--testPathIgnorePatterns', LONG],
  // A worker, and not Jest's own process: it is renewed when its memory has grown.
  long: ['--maxWorkers', '1', LONG],
};

/** Runs Jest and gives its exit code. `output` is what `spawn` takes as `stdio`. */
export async function runTests(args, output = 'inherit') {
  const directory = mkdtempSync(join(tmpdir(), 'job-scheduler-test-'));
  const slowness = await measureSlowness();
  if (slowness > 1 && output === 'inherit')
    console.log(
      `This machine is ${slowness} times slower than the one where ceilings were set: waits may take as long.`,
    );
  const env = {
    ...process.env,
    TEST_SLOWNESS: String(slowness),
    TEST_FIGURES: join(directory, 'figures.txt'),
  };
  try {
    const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
    return await node([...flags, programs.jest, ...args], { env, stdio: output });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [first, ...rest] = process.argv.slice(2);
  const long = first === '--long';
  const args = long ? rest : process.argv.slice(2);
  setup({ servers: true });
  const paths = args.some((arg) => !arg.startsWith('-'));
  process.exitCode = await runTests(paths ? args : [...args, ...suites[long ? 'long' : 'short']]);
}
