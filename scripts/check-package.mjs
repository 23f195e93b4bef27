/** `npm run check:package`: what npm's consumers would meet, checked on the packed tarball. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pack } from './pack.mjs';
import { node, programs } from './run.mjs';
import { setup } from './setup.mjs';

setup();
const { extract } = await import('tar');
const { forgottenTypes } = await import('./checks/public-types.mjs');
const directory = mkdtempSync(join(tmpdir(), 'job-scheduler-check-'));
try {
  const tarball = pack(directory);
  const publint = await node([programs.publint, 'run', tarball, '--strict']);
  const attw = await node([programs.attw, tarball, '--profile', 'esm-only', '--no-emoji']);
  const unpacked = join(directory, 'unpacked');
  mkdirSync(unpacked);
  await extract({ file: tarball, cwd: unpacked, strip: 1 });
  const forgotten = forgottenTypes(unpacked);
  for (const line of forgotten) console.log(`No entry point exports ${line}`);
  process.exitCode = publint || attw || (forgotten.length > 0 ? 1 : 0);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
