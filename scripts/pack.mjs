/**
 * `node scripts/pack.mjs DIRECTORY [BUILT]`: makes the tarball that is published, and prints its path. It is built in a
 * directory of its own, so that a build of the checkout that runs at the same time cannot change what is in it; or it
 * takes what is in BUILT.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { programs, quietly, root } from './run.mjs';

/** Packs the library into `directory`, and gives the tarball's path. `built`: where its code already is. */
export function pack(directory, built) {
  const staging = mkdtempSync(join(tmpdir(), 'job-scheduler-pack-'));
  try {
    const dist = join(staging, 'dist');
    if (built) cpSync(built, dist, { recursive: true });
    else quietly(process.execPath, [programs.tsc, '-p', 'tsconfig.build.json', '--outDir', dist]);
    for (const file of ['package.json', 'README.md', 'LICENSE'])
      cpSync(join(root, 'libs/job-scheduler', file), join(staging, file));
    mkdirSync(directory, { recursive: true });
    const [{ filename }] = JSON.parse(quietly('npm', ['pack', staging, '--json', '--pack-destination', directory]));
    return join(directory, filename);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [directory = '.', built] = process.argv.slice(2);
  console.log(pack(resolve(directory), built));
}
