/**
 * `npm test`: the servers, then Jest. Arguments go to Jest: `npm test -- libs/job-scheduler/src/errors`.
 * Without arguments, files named `*.alone.spec.ts`, which measure time, run at the end, one by one on an idle machine.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { node, programs } from './run.mjs';
import { setup } from './setup.mjs';

const alone = '\\.alone\\.spec\\.ts$';

function jest(args, env = {}) {
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  return node([...flags, programs.jest, ...args], { env: { ...process.env, ...env } });
}

async function everything() {
  const directory = mkdtempSync(join(tmpdir(), 'job-scheduler-test-'));
  try {
    // The first pass leaves its counts for the closing line of the second.
    const counts = join(directory, 'counts.json');
    const together = await jest(['--testPathIgnorePatterns', alone], { TEST_COUNTS_TO: counts });
    const byThemselves = await jest(['--runInBand', '--passWithNoTests', alone], { TEST_COUNTS_FROM: counts });
    return together || byThemselves;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

setup({ servers: true });
const args = process.argv.slice(2);
process.exitCode = await (args.length > 0 ? jest(args) : everything());
