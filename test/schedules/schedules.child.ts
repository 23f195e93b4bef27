/**
 * An app in a process of its own: jobs that only tell that they ran. `start` on its input starts it, with `autoStart: false`.
 * With `DIES_AT_CLAIM` it dies as by `kill -9` when a fire has been claimed, before the fire is enqueued.
 */
import 'reflect-metadata';
import { createInterface } from 'node:readline';
import { tell } from '../support/tell.js';
import { startApp, type AppPlan } from './app.js';

const plan = JSON.parse(process.env.PLAN!) as AppPlan;
const { app, jobs, runtime, store } = await startApp(plan, (run) => tell('ran', run));
if (process.env.DIES_AT_CLAIM) {
  const { schedules } = store;
  const claim = schedules.claim.bind(schedules);
  schedules.claim = async (id, from, to) => {
    const isClaimed = await claim(id, from, to);
    if (isClaimed) {
      // Nothing else runs in this process between the store's answer and its death: a pipe is written to at once.
      tell('claimed', { to });
      process.kill(process.pid, 'SIGKILL');
    }
    return isClaimed;
  };
}
runtime.repairs.on((repair) => tell('repaired', repair));
app.enableShutdownHooks();
tell('ready', { pid: process.pid });
createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'start') void jobs.start().then(() => tell('started'));
});
