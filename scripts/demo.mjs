/**
 * `npm run demo` and `npm start`: builds the demo app and runs one of its two programs.
 * The first argument names the program, from `apps/demo/src`; the rest goes to it.
 */
import { join } from 'node:path';
import { embed } from './embed.mjs';
import { node, programs, quietly, root } from './run.mjs';
import { setup } from './setup.mjs';

const [program, ...args] = process.argv.slice(2);

setup();
embed();
quietly(process.execPath, [programs.nest, 'build', 'demo']);
process.exitCode = await node([join(root, 'dist/apps/demo/apps/demo/src', `${program}.js`), ...args]);
