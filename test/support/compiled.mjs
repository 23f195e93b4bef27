/** Our TypeScript as JavaScript, for processes of their own: with a loader, each would take twice as long to start. */
import { copyFile, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import swc from '@swc/core';
import { swcOptions } from './swc-options.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folders = ['libs/job-scheduler/src', 'libs/bullmq-memory/src', 'apps', 'bench', 'test'];

/** Compiles all that is no spec into a temporary directory, laid out as the checkout is. `remove` takes it away. */
export async function compileSources() {
  const directory = await mkdtemp(join(tmpdir(), 'job-scheduler-compiled-'));
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    await symlink(join(root, 'node_modules'), join(directory, 'node_modules'));
    // What is here imports the library by its name, which is this package's own.
    const src = './libs/job-scheduler/src';
    const memory = './libs/bullmq-memory/src';
    const exports = { '.': `${src}/index.js`, './*': `${src}/*/index.js` };
    const imports = {
      '#src/*': `${src}/*`,
      '#bullmq-memory': `${memory}/index.js`,
      '#bullmq-memory/*': `${memory}/*.js`,
    };
    await writeFile(
      join(directory, 'package.json'),
      JSON.stringify({ name: 'nestjs-job-scheduler', type: 'module', exports, imports }),
    );
    const listed = await Promise.all(folders.map(sourcesIn));
    await Promise.all(listed.flat().map((file) => compile(file, directory)));
    return { directory, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function sourcesIn(folder) {
  const files = await readdir(join(root, folder), { recursive: true });
  return files
    .filter((file) => /\.(ts|mjs)$/.test(file) && !/[.-]spec\.ts$|\.d\.m?ts$/.test(file))
    .map((file) => join(folder, file));
}

async function compile(file, directory) {
  const target = join(directory, file.replace(/\.ts$/, '.js'));
  await mkdir(dirname(target), { recursive: true });
  if (file.endsWith('.mjs')) return copyFile(join(root, file), target);
  const { code } = await swc.transformFile(join(root, file), { ...swcOptions, sourceMaps: 'inline' });
  return writeFile(target, code);
}
