/** `npm run bench`: runs every `bench/*.bench.ts` in turn, or those whose name holds the first argument. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { embed } from './embed.mjs';
import { node, root } from './run.mjs';
import { setup } from './setup.mjs';

const [wanted = '', ...args] = process.argv.slice(2);

setup({ servers: true });
embed();
const files = readdirSync(join(root, 'bench')).filter((file) => file.endsWith('.bench.ts') && file.includes(wanted));
if (files.length === 0) {
  console.error(`No bench/*${wanted}*.bench.ts`);
  process.exit(1);
}
// Only now: what compiles is a package that the set-up installs.
const { compileSources } = await import('../test/support/compiled.mjs');
const { directory, remove } = await compileSources();
try {
  for (const file of files) {
    console.log(`\n── ${file}`);
    const code = await node(['--enable-source-maps', join(directory, 'bench', file.replace(/\.ts$/, '.js')), ...args]);
    process.exitCode ||= code;
  }
} finally {
  await remove();
}
