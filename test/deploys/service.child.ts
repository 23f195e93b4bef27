/**
 * Processes of a service: one, or `COUNT` apps in one process, each with the jobs of `PLAN`, that tell what runs, and how
 * executions of the whole fleet end. A line of JSON on its input is a call: `["enqueue", "job", 40]`.
 */
import 'reflect-metadata';
import { createInterface } from 'node:readline';
import { ConsoleLogger, Logger } from '@nestjs/common';
import { JobHealth, ScheduleService } from 'nestjs-job-scheduler';
import { startApp, type AppPlan } from '../schedules/app.js';
import { tell } from '../support/tell.js';

const plan = JSON.parse(process.env.PLAN!) as AppPlan;
const started = await Promise.all(
  Array.from({ length: Number(process.env.COUNT ?? 1) }, () => startApp(plan, (run) => tell('ran', run))),
);
const [{ app, jobs, runtime }] = started as [(typeof started)[0]];
jobs.events().subscribe((event) => {
  const { type, id, job } = event;
  if (type === 'failed') tell('ended', { type, id, job, code: event.error.code });
  if (type === 'cancelled' || type === 'skipped') tell('ended', { type, id, job, reason: event.reason });
});
runtime.repairs.on((repair) => tell('repaired', repair));
// The one that testing modules have says nothing of warnings.
Logger.overrideLogger(new ConsoleLogger({ logLevels: ['warn', 'error'] }));
for (const each of started) each.app.enableShutdownHooks();
const schedules = app.get(ScheduleService);

const calls: Record<string, (...args: never[]) => Promise<unknown>> = {
  enqueue: (job: string, count: number) =>
    jobs.enqueueMany(Array.from({ length: count }, (_, n) => ({ job, payload: { n } }))),
  disable: (id: string) => schedules.disable(id),
  schedule: (id: string) => started[0]!.store.schedules.get(id),
  schedules: () => schedules.list(),
  setClock: async (by: number, ms: number) => {
    const { now } = Date;
    Date.now = () => now() + by;
    await new Promise((resolve) => setTimeout(resolve, ms));
    Date.now = now;
  },
  health: () => app.get(JobHealth, { strict: false }).report(),
};
createInterface({ input: process.stdin }).on('line', (line) => {
  const [name, ...args] = JSON.parse(line) as [string, ...never[]];
  calls[name]!(...args).then(
    (answer) => tell('answer', { call: line, answer }),
    (error: Error) => tell('answer', { call: line, error: error.message }),
  );
});
tell('ready', { pid: process.pid });
