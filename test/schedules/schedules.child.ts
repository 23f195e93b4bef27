/** An app in a process of its own: jobs that only tell that they ran. `start` on its input starts it, with `autoStart: false`. */
import 'reflect-metadata';
import { createInterface } from 'node:readline';
import { tell } from '../support/tell.js';
import { startApp, type AppPlan } from './app.js';

const plan = JSON.parse(process.env.PLAN!) as AppPlan;
const { app, jobs, runtime } = await startApp(plan, (run) => tell('ran', run));
runtime.repairs.on((repair) => tell('repaired', repair));
app.enableShutdownHooks();
tell('ready', { pid: process.pid });
createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'start') void jobs.start().then(() => tell('started'));
});
