/** Waits that begin after the end, of executions that left no record. */
import { expect, test } from '@jest/globals';
import { Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JobSchedulerModule, JobService, type JobOptions, type JobSchedulerOptions } from 'nestjs-job-scheduler';
import { closedAfterEach } from '../support/closed-after-each.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { everyStore, storesOfSuite } from '../support/stores.js';

Logger.overrideLogger(false);

const apps = closedAfterEach<INestApplicationContext>();
const stores = storesOfSuite(everyStore);

async function start(options: JobSchedulerOptions, job: Omit<JobOptions, 'name'> = {}) {
  @Module({ imports: [JobSchedulerModule.forRoot({ prefix: randomPrefix(), autoStart: false, ...options })] })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
  apps.push(app);
  const jobs = app.get(JobService);
  const ran: string[] = [];
  jobs.register<{ n: number; fails?: boolean }>({ name: 'work', retry: 0, ...job }, async ({ n, fails }, ctx) => {
    ran.push(ctx.id);
    if (fails) throw new Error(`${n} is broken`);
    return n;
  });
  await jobs.start();
  return { jobs, ran };
}

test.each(stores)(
  '300 waits on %s that begin when all have ended, of 100 kept records, all give results',
  async (_, connection) => {
    const { jobs, ran } = await start({ connection });
    const entries = Array.from({ length: 300 }, (__, n) => ({ job: 'work', payload: { n } }));
    const handles = await jobs.enqueueMany(entries);
    await until('all have run', () => ran.length === 300);
    expect(await Promise.all(handles.map((handle) => handle.finished()))).toEqual(
      entries.map(({ payload }) => payload.n),
    );
  },
);

test.each(
  stores.flatMap(([name, connection]) => [
    [name, 'history: false', { connection, history: false }, {}] as const,
    [name, 'a count of 0', { connection }, { retention: { count: 0 } }] as const,
  ]),
)('the first wait of a process on %s, with %s, gives the result of what has ended', async (_, __, options, job) => {
  const { jobs, ran } = await start(options, job);
  const handle = await jobs.enqueue('work', { n: 7 });
  await until('it has run and left', async () => ran.length === 1 && (await jobs.getStatus(handle.id)) === undefined);
  expect(await handle.finished()).toBe(7);
});

test.each(stores)(
  'a wait on %s counts the newest end of an id, and none once it was added again',
  async (_, connection) => {
    const { jobs, ran } = await start({ connection, history: false });
    const gone = async (runs: number) =>
      until('it has run and left', async () => ran.length === runs && (await jobs.getStatus('mine')) === undefined);
    await jobs.enqueue('work', { n: 1 }, { id: 'mine' });
    await gone(1);
    const again = await jobs.enqueue('work', { n: 2 }, { id: 'mine' });
    await gone(2);
    expect(await again.finished()).toBe(2);
    await jobs.stop();
    const third = await jobs.enqueueIn('work', { n: 3 }, '1h', { id: 'mine' });
    expect(await jobs.cancel('mine')).toBe(true);
    await expect(third.finished()).rejects.toMatchObject({ code: 'JOB_CANCELLED' });
  },
);
