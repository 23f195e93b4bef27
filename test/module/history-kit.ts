/** Apps with one job each, whose history is read. */
import { Module, type INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  Clock,
  JobHistory,
  JobMonitor,
  JobSchedulerModule,
  JobService,
  SystemClock,
  type JobOptions,
  type JobSchedulerOptions,
} from 'nestjs-job-scheduler';
import { StoreHolder } from '#src/store/store-holder.js';
import { closedAfterEach } from '../support/closed-after-each.js';
import { gate } from '../support/gate.js';
import { randomPrefix } from '../support/prefix.js';

const apps = closedAfterEach<INestApplicationContext>();

type Handler = Parameters<JobService['register']>[1];

export async function startApp(
  handlers: Record<string, Handler | (Omit<JobOptions, 'name' | 'schema'> & { handler: Handler })>,
  options: JobSchedulerOptions = {},
  clock: Clock = new SystemClock(),
) {
  @Module({ imports: [JobSchedulerModule.forRoot({ prefix: randomPrefix(), ...options })] })
  class App {}
  const module = await Test.createTestingModule({ imports: [App] })
    .overrideProvider(Clock)
    .useValue(clock)
    .compile();
  const app = module.createNestApplication({ logger: false });
  apps.push(app);
  const jobs = app.get(JobService);
  for (const [name, given] of Object.entries(handlers)) {
    if (typeof given === 'function') jobs.register({ name }, given);
    else {
      const { handler, ...jobOptions } = given;
      jobs.register({ ...jobOptions, name }, handler);
    }
  }
  await app.init();
  const store = app.get(StoreHolder, { strict: false }).require('look');
  return { app, jobs, store, history: app.get(JobHistory), monitor: app.get(JobMonitor) };
}

export const fails = { retry: 0, handler: () => Promise.reject(Object.assign(new Error('no'), { code: 'E_NO' })) };
export const settled = (handle: { finished(): Promise<unknown> }) => handle.finished().catch(() => undefined);

/** A handler that waits until it is let go. */
export function gated() {
  const { opened, open } = gate();
  const seen: string[] = [];
  const handler: Handler = async (_, ctx) => {
    seen.push(ctx.id);
    await opened;
  };
  return { open, seen, handler };
}
