/** `npm run build`: the library and the apps, into `libs/job-scheduler/dist` and `dist`. */
import { embed } from './embed.mjs';
import { node, programs } from './run.mjs';
import { setup } from './setup.mjs';

setup();
embed();
process.exitCode = await node([
  programs.nest,
  'build',
  ...(process.argv.length > 2 ? process.argv.slice(2) : ['--all']),
]);
