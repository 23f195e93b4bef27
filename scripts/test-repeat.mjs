/**
 * `npm run test:repeat [n] [--load] [--all]`: the short suite n times (5), or both suites, and what failed in any run.
 * `--load` keeps every core busy with two endless loops meanwhile.
 */
import { spawn } from 'node:child_process';
import { openSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { root, seconds } from './run.mjs';
import { setup } from './setup.mjs';
import { runTests } from './test.mjs';

const args = process.argv.slice(2);
const times = Number(args.find((arg) => /^\d+$/.test(arg)) ?? 5);
const kinds = args.includes('--all') ? ['short', 'long', 'alone'] : ['short'];

setup({ servers: true });
const directory = join(root, 'coverage', 'repeat');
rmSync(directory, { recursive: true, force: true });
mkdirSync(directory, { recursive: true });
const loops = args.includes('--load') ? Array.from({ length: 2 * availableParallelism() }, busyLoop) : [];
const failures = new Map();
try {
  for (let n = 1; n <= times; n++) for (const kind of kinds) await once(n, kind);
} finally {
  for (const loop of loops) loop.kill('SIGKILL');
}

for (const [name, runs] of failures) console.log(`✘ ${name}: in ${runs.length} of ${times} (run ${runs.join(', ')})`);
console.log(failures.size === 0 ? `${times} of ${times} green` : `Output of each run: ${directory}`);
process.exitCode = failures.size === 0 ? 0 : 1;

async function once(n, kind) {
  const start = performance.now();
  const report = join(directory, `${kind}-${n}.json`);
  const log = openSync(join(directory, `${kind}-${n}.log`), 'w');
  const code = await runTests(kind, ['--json', `--outputFile=${report}`], ['ignore', log, log]);
  const failed = failedIn(report);
  if (code !== 0 && failed.length === 0) failed.push(`the ${kind} suite as a whole`);
  for (const name of failed) failures.set(name, [...(failures.get(name) ?? []), n]);
  console.log(`${kind} ${n} of ${times}: ${code === 0 ? 'green' : `${failed.length} failed`} after ${seconds(start)}`);
}

/** The names of failed tests, and the files that could not run or left something open. */
function failedIn(report) {
  const { testResults } = readReport(report);
  return testResults.flatMap(({ name, status, assertionResults }) => {
    const tests = assertionResults.filter((each) => each.status === 'failed').map(({ fullName }) => fullName);
    const file = name.slice(root.length);
    return tests.length > 0 || status === 'passed' ? tests.map((test) => `${file}: ${test}`) : [file];
  });
}

function readReport(report) {
  try {
    return JSON.parse(readFileSync(report, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return { testResults: [] };
    throw error;
  }
}

function busyLoop() {
  return spawn(process.execPath, ['--eval', 'for (;;);'], { stdio: 'ignore' });
}
