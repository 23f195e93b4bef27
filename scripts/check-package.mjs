/** `npm run check:package`: what npm's consumers would meet, checked on the packed tarball. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pack } from './pack.mjs';
import { node, programs } from './run.mjs';
import { setup } from './setup.mjs';

setup();
const directory = mkdtempSync(join(tmpdir(), 'job-scheduler-check-'));
try {
  const tarball = pack(directory);
  const publint = await node([programs.publint, 'run', tarball, '--strict']);
  const attw = await node([programs.attw, tarball, '--profile', 'esm-only', '--no-emoji']);
  process.exitCode = publint || attw;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
