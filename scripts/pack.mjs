/**
 * `node scripts/pack.mjs DIRECTORY [--package NAME] [--compiled DIR]`: makes the tarball that is published, and prints its
 * path. It is compiled into a directory of its own, so that a build of the checkout that runs at the same time cannot
 * change what is in it; or it takes what `compilePackages` put into DIR. NAME: default `nestjs-job-scheduler`.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { assemble, compilePackages, packages } from './packages.mjs';
import { quietly, root } from './run.mjs';

/** Packs a package into `directory`, and gives the tarball's path. `compiled`: where its code already is. */
export async function pack(directory, name, compiled) {
  const staging = mkdtempSync(join(tmpdir(), 'job-scheduler-pack-'));
  const contents = join(staging, 'package');
  try {
    if (!compiled) compilePackages(join(staging, 'compiled'));
    await assemble(name, compiled ?? join(staging, 'compiled'), join(contents, 'dist'));
    for (const file of ['package.json', 'README.md', 'LICENSE'])
      cpSync(join(root, 'libs', packages[name], file), join(contents, file));
    mkdirSync(directory, { recursive: true });
    const [{ filename }] = JSON.parse(quietly('npm', ['pack', contents, '--json', '--pack-destination', directory]));
    return join(directory, filename);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const options = { package: { type: 'string', default: 'nestjs-job-scheduler' }, compiled: { type: 'string' } };
  const { positionals, values } = parseArgs({ allowPositionals: true, options });
  console.log(await pack(resolve(positionals[0] ?? '.'), values.package, values.compiled));
}
