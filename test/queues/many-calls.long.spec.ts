import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Job, JobHealth, JobHistory, JobSchedulerModule, JobService, ScheduleService } from 'nestjs-job-scheduler';
import { figure } from '../support/figure.js';
import { gate } from '../support/gate.js';
import { scaled, WAIT } from '../support/machine.js';
import { randomPrefix } from '../support/prefix.js';
import { startRedis } from '../support/servers.mjs';
import { sharedStores } from '../support/stores.js';
import { until } from '../support/until.js';

Logger.overrideLogger(false);

const RUNNING = 20;
let ran = 0;
let goOn = gate();

@Injectable()
class Work {
  /** Goes on until it is let go. */
  @Job({ name: 'long', queue: 'busy', retry: 0, timeout: '1h' })
  async long(): Promise<void> {
    ran += 1;
    await goOn.opened;
  }

  @Job({ name: 'many', queue: 'full' })
  async many(_payload: { n: number }): Promise<void> {}
}

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  goOn.open();
  for (const close of closers.splice(0).toReversed()) await close();
  ran = 0;
  goOn = gate();
});

async function startApp(url: string | undefined): Promise<INestApplicationContext> {
  let connection = url;
  if (!connection) {
    const redis = await startRedis();
    closers.push(() => redis.stop());
    connection = redis.url;
  }
  const queues = { busy: 1, full: 1 };
  @Module({
    imports: [
      JobSchedulerModule.forRoot({
        connection,
        prefix: randomPrefix(),
        concurrency: RUNNING,
        queues,
        lockDuration: scaled(30_000),
      }),
    ],
    providers: [Work],
  })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
  closers.push(() => app.close());
  return app;
}

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

const stores: [name: string, calls: number, url?: string][] = [
  ['Redis', 100_000],
  ...sharedStores.slice(1).map(([name, url]): [string, number, string] => [name, 5_000, url]),
  ['memory', 20_000, 'memory:'],
];

describe.each(stores)('on %s', (name, calls, url) => {
  it(`${calls} calls of enqueue at once are all stored, while 20 jobs run and keep their locks`, async () => {
    const app = await startApp(url);
    const jobs = app.get(JobService);
    await jobs.pauseQueue('full');
    const running = await jobs.enqueueMany(Array.from({ length: RUNNING }, () => ({ job: 'long' as const })));
    await until('all slots are taken', () => ran === RUNNING);

    const startedAt = performance.now();
    const ends = await Promise.allSettled(Array.from({ length: calls }, (_, n) => jobs.enqueue('many', { n })));
    figure(`${calls} enqueues at once on ${name}: ${Math.round(performance.now() - startedAt)} ms`);

    expect(ends.find(({ status }) => status === 'rejected')).toBeUndefined();
    expect((await jobs.getQueue('full')).counts.pending).toBe(calls);
    goOn.open();
    for (const handle of running) await handle.finished(WAIT);
    expect(ran).toBe(RUNNING);
    const executions = await app.get(JobHistory).getExecutions('long', { limit: RUNNING });
    expect(executions.map(({ attempts, status }) => [attempts.length, status])).toEqual(
      Array.from({ length: RUNNING }, () => [1, 'completed']),
    );
  });

  it('1,000 calls of schedules.create and of cancel at once are all answered, while 20 jobs run and keep their locks', async () => {
    const app = await startApp(url);
    const [jobs, schedules] = [app.get(JobService), app.get(ScheduleService)];
    await jobs.pauseQueue('full');
    const running = await jobs.enqueueMany(Array.from({ length: RUNNING }, () => ({ job: 'long' as const })));
    await until('all slots are taken', () => ran === RUNNING);
    const waiting = await jobs.enqueueMany(
      Array.from({ length: 1_000 }, (_, n) => ({ job: 'many' as const, payload: { n } })),
    );

    const [made, cancelled] = await Promise.all([
      Promise.all(waiting.map((_, n) => schedules.create({ job: 'many', cron: '0 0 1 1 *', payload: { n } }))),
      Promise.all(waiting.map(({ id }) => jobs.cancel(id))),
    ]);

    expect(new Set(made.map(({ id }) => id)).size).toBe(1_000);
    expect(new Set(cancelled)).toEqual(new Set([true]));
    goOn.open();
    for (const handle of running) await handle.finished(WAIT);
    expect(ran).toBe(RUNNING);
  });

  it('calls under way when the event loop is blocked for longer than their deadline are answered, and health is up', async () => {
    const app = await startApp(url);
    const jobs = app.get(JobService);
    await jobs.pauseQueue('full');
    const ends = Promise.allSettled(Array.from({ length: 200 }, (_, n) => jobs.enqueue('many', { n })));
    const health = app.get(JobHealth).report();
    await new Promise((resolve) => setImmediate(resolve));
    block(6_000);
    expect((await ends).find(({ status }) => status === 'rejected')).toBeUndefined();
    expect((await health).store).toMatchObject({ reachable: true });
    expect((await jobs.getQueue('full')).counts.pending).toBe(200);
  });
});
