/** `npm run check:package`: what npm's consumers would meet, checked on the packed tarballs. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pack } from './pack.mjs';
import { compilePackages } from './packages.mjs';
import { node, programs } from './run.mjs';
import { setup } from './setup.mjs';

/** Who must find the types of a package; see `attw --help`. */
const profiles = { 'nestjs-job-scheduler': 'esm-only', 'bullmq-memory': 'node16' };

setup();
const { extract } = await import('tar');
const { forgottenTypes } = await import('./checks/public-types.mjs');
const directory = mkdtempSync(join(tmpdir(), 'job-scheduler-check-'));
try {
  const compiled = join(directory, 'compiled');
  compilePackages(compiled);
  for (const [name, profile] of Object.entries(profiles)) {
    const tarball = await pack(directory, name, compiled);
    const publint = await node([programs.publint, 'run', tarball, '--strict']);
    const attw = await node([programs.attw, tarball, '--profile', profile, '--no-emoji']);
    const unpacked = join(directory, name);
    mkdirSync(unpacked);
    await extract({ file: tarball, cwd: unpacked, strip: 1 });
    const forgotten = forgottenTypes(unpacked);
    for (const line of forgotten) console.log(`No entry point of ${name} exports ${line}`);
    if (publint || attw || forgotten.length > 0) process.exitCode = 1;
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
