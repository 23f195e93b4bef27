/** `npm test`: the servers, then Jest. Arguments go to Jest: `npm test -- libs/job-scheduler/src/errors`. */
import { node, programs } from './run.mjs';
import { setup } from './setup.mjs';

setup({ servers: true });
process.exitCode = await node([
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  programs.jest,
  ...process.argv.slice(2),
]);
