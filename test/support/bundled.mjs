/** Programs of the long suite as bundles: without the files of Nest, of BullMQ and of ours one by one, a process starts in a third of the time. */
import { createRequire } from 'node:module';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

/** What the packages only need for some of their users, and try to load. */
const missing = {
  name: 'missing-is-external',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^[@\w]/ }, ({ path, importer }) => {
      if (!importer.includes('/node_modules/')) return undefined;
      try {
        createRequire(importer).resolve(path);
        return undefined;
      } catch (error) {
        return error.code === 'MODULE_NOT_FOUND' ? { path, external: true } : undefined;
      }
    }),
};

/** Bundles each `*.child.js` below `directory/test` in place; but not what loads packages one by one, as that is its subject. */
export async function bundleChildren(directory) {
  const files = await readdir(join(directory, 'test'), { recursive: true });
  const children = files.filter((file) => file.endsWith('.child.js') && !file.includes('other-modules'));
  await build({
    entryPoints: children.map((file) => join(directory, 'test', file)),
    outdir: join(directory, 'test'),
    allowOverwrite: true,
    absWorkingDir: directory,
    bundle: true,
    keepNames: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // It reads files that stand beside its own.
    external: ['@electric-sql/pglite'],
    plugins: [missing],
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
}
