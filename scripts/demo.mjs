/**
 * `npm run demo` and `npm start`: builds the demo app and runs it.
 * The first argument says how (`demo`: run the jobs, report and end; `serve`: stay up on HTTP); all go to the app.
 */
import { join } from 'node:path';
import { node, programs, quietly, root } from './run.mjs';
import { setup } from './setup.mjs';

setup();
quietly(process.execPath, [programs.nest, 'build', 'demo']);
process.exitCode = await node([join(root, 'dist/apps/demo/apps/demo/src/main.js'), ...process.argv.slice(2)]);
