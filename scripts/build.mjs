/** `npm run build`: the packages, each into its own `dist`, and the apps into `dist`. */
import { join } from 'node:path';
import { embed } from './embed.mjs';
import { assemble, compilePackages, packages } from './packages.mjs';
import { node, programs, root } from './run.mjs';
import { setup } from './setup.mjs';

setup();
embed();
const compiled = join(root, 'dist/libs');
compilePackages(compiled);
for (const [name, folder] of Object.entries(packages))
  await assemble(name, compiled, join(root, 'libs', folder, 'dist'));
process.exitCode = await node([programs.nest, 'build', 'demo']);
