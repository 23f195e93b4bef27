import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  EnqueueIncompleteError,
  Job,
  JobContext,
  JobService,
  JobSchedulerModule,
  QueueFullError,
  ScheduleService,
  type JobSchedulerOptions,
} from 'nestjs-job-scheduler';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { everyStore, storesOfSuite } from '../support/stores.js';

Logger.overrideLogger(false);

/** Runs that go on until they are let go. */
@Injectable()
class Gate {
  static open: (() => void)[] = [];
  static ran: number[] = [];
  static retried = new Set<number>();

  @Job({ name: 'gate', retry: { max: 1, delay: 0 } })
  async pass({ n, failFirst }: { n: number; failFirst?: boolean }, ctx: JobContext): Promise<void> {
    if (failFirst && ctx.attempt === 1) throw new Error('once');
    Gate.ran.push(n);
    await new Promise<void>((resolve) => Gate.open.push(resolve));
  }

  @Job({ name: 'quick' })
  async quick({ n }: { n: number }): Promise<void> {
    Gate.ran.push(n);
  }

  @Job({ name: 'single', unique: true })
  async single(): Promise<void> {}
}

const apps: INestApplicationContext[] = [];
afterEach(async () => {
  for (const open of Gate.open.splice(0)) open();
  await Promise.all(apps.splice(0).map((app) => app.close()));
  Gate.ran.length = 0;
});

async function startApp(options: JobSchedulerOptions) {
  @Module({ imports: [JobSchedulerModule.forRoot({ prefix: randomPrefix(), ...options })], providers: [Gate] })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
  apps.push(app);
  return { app, jobs: app.get(JobService) };
}

const bounded = (maxWaiting: number, more = {}) => ({ default: { weight: 1, maxWaiting, ...more }, free: 1 });
const pending = async (jobs: JobService) => (await jobs.getQueue('default')).counts.pending;
const refusals = (settled: PromiseSettledResult<unknown>[]) =>
  settled.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));

/** With a `file:` store, adds at the same time are tested in the suite of the stores: to make one takes seconds. */
const stores = storesOfSuite(everyStore);

describe.each(stores)('a full queue on %s', (_name, connection) => {
  it('refuses exactly what has no room, lets those who wait in by their order, and retries at any time', async () => {
    const { jobs } = await startApp({
      connection,
      queues: bounded(20),
      concurrency: 1,
      autoStart: false,
    });
    const settled = await Promise.allSettled(Array.from({ length: 40 }, (_, n) => jobs.enqueue('quick', { n })));
    const refused = refusals(settled);
    expect(refused).toHaveLength(20);
    for (const error of refused) expect(error).toBeInstanceOf(QueueFullError);
    expect(refused[0]).toMatchObject({ code: 'QUEUE_FULL', details: { queue: 'default', limit: 20 } });
    expect(await pending(jobs)).toBe(20);

    const waiting = Array.from({ length: 30 }, (_, n) => jobs.enqueue('quick', { n: 100 + n }, { whenFull: 'wait' }));
    await jobs.start();
    await Promise.all(waiting);
    await until('all have run', () => Gate.ran.length === 50);
    expect(Gate.ran.filter((n) => n >= 100)).toEqual(Array.from({ length: 30 }, (_, n) => 100 + n));
  });
});

describe('a full queue', () => {
  it('takes what must not be refused: fires, runs by hand, jobs for later and known ones', async () => {
    const { app, jobs } = await startApp({ queues: bounded(1), autoStart: false });
    const first = await jobs.enqueue('single', undefined, { id: 'first' });
    await expect(jobs.enqueue('quick', { n: 1 })).rejects.toBeInstanceOf(QueueFullError);
    expect((await jobs.enqueue('single')).id).toBe(first.id);
    expect((await jobs.enqueue('single', undefined, { id: 'first' })).duplicate).toBe(true);
    await jobs.enqueueIn('quick', { n: 2 }, '1h');
    await jobs.trigger('quick', { n: 3 });
    const schedules = app.get(ScheduleService);
    const { id } = await schedules.create({ job: 'quick', schedule: 'every 1h', payload: { n: 4 } });
    await schedules.runNow(id);
    expect(await pending(jobs)).toBe(3);
  });

  it('has room again when a job has been taken, and a retry needs none', async () => {
    const { jobs } = await startApp({ queues: bounded(1), concurrency: 1 });
    await jobs.enqueue('gate', { n: 1, failFirst: true });
    await until('the first runs its second attempt', () => Gate.ran.includes(1));
    await jobs.enqueue('quick', { n: 2 });
    await expect(jobs.enqueue('quick', { n: 3 })).rejects.toThrow('"default" is full: 1 jobs wait in it');
    const third = jobs.enqueue('quick', { n: 3 }, { whenFull: 'wait' });
    Gate.open.splice(0)[0]!();
    await (await third).finished();
    expect(Gate.ran).toEqual([1, 2, 3]);
  });

  it('waits by the option of the queue, and refuses by that of the call', async () => {
    const { jobs } = await startApp({ queues: bounded(1, { whenFull: 'wait' }), autoStart: false });
    await jobs.enqueue('quick', { n: 1 });
    await expect(jobs.enqueue('quick', { n: 2 }, { whenFull: 'reject' })).rejects.toBeInstanceOf(QueueFullError);
    const waiting = jobs.enqueue('quick', { n: 2 });
    await jobs.start();
    await waiting;
  });

  it('a wait ends with its signal, and nothing is stored; the others go on', async () => {
    const { jobs } = await startApp({ queues: bounded(1), autoStart: false });
    await jobs.enqueue('quick', { n: 1 });
    const stop = new AbortController();
    const reason = new Error('enough');
    const given = jobs.enqueue('quick', { n: 2 }, { whenFull: 'wait', signal: stop.signal });
    const other = jobs.enqueue('quick', { n: 3 }, { whenFull: 'wait' });
    stop.abort(reason);
    await expect(given).rejects.toBe(reason);
    await expect(jobs.enqueue('quick', { n: 4 }, { signal: stop.signal })).rejects.toBe(reason);
    await jobs.start();
    await (await other).finished();
    expect(Gate.ran).toEqual([1, 3]);
  });

  it('a wait ends when the app stops', async () => {
    const { app, jobs } = await startApp({ queues: bounded(1), autoStart: false });
    await jobs.enqueue('quick', { n: 1 });
    const waiting = Promise.allSettled(
      Array.from({ length: 3 }, (_, n) => jobs.enqueue('quick', { n }, { whenFull: 'wait' })),
    );
    await app.close();
    expect(refusals(await waiting)).toEqual(
      Array.from({ length: 3 }, () => expect.objectContaining({ code: 'NOT_STARTED' })),
    );
  });

  it('takes a batch as a whole or not at all, and keeps what is for other queues out then', async () => {
    const { jobs } = await startApp({ queues: bounded(3), autoStart: false });
    const batch = (length: number) => Array.from({ length }, (_, n) => ({ job: 'quick' as const, payload: { n } }));
    const elsewhere = { job: 'quick' as const, payload: { n: 9 }, options: { queue: 'free' } };
    await expect(jobs.enqueueMany([elsewhere, ...batch(4)])).rejects.toThrow('no room for 4 more jobs');
    expect((await jobs.getQueues()).map(({ counts }) => counts.pending)).toEqual([0, 0]);
    await jobs.enqueueMany([elsewhere, ...batch(3)]);
    expect((await jobs.getQueues()).map(({ counts }) => counts.pending)).toEqual([3, 1]);
  });

  it('keeps the portions of a long batch that had room, and says what it did not take', async () => {
    const { jobs } = await startApp({ queues: bounded(1_100), autoStart: false });
    const batch = (length: number) => Array.from({ length }, (_, n) => ({ job: 'quick' as const, payload: { n } }));
    await expect(jobs.enqueueMany(batch(1_101))).rejects.toBeInstanceOf(QueueFullError);
    expect(await pending(jobs)).toBe(0);
    await jobs.enqueueMany(batch(80));
    const error = await jobs.enqueueMany(batch(1_050)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(EnqueueIncompleteError);
    expect(error).toMatchObject({
      code: 'ENQUEUE_INCOMPLETE',
      details: { total: 1_050, stored: 1_000, unknown: 0, unsent: 50 },
      unsent: Array.from({ length: 50 }, (_, n) => 1_000 + n),
      cause: expect.any(QueueFullError),
    });
    expect(await pending(jobs)).toBe(1_080);
  });

  it('lets a batch that waits in as there is room, in order', async () => {
    const { jobs } = await startApp({ queues: bounded(2), concurrency: 1, autoStart: false });
    await jobs.enqueue('quick', { n: 100 });
    const entries = Array.from({ length: 6 }, (_, n) => ({
      job: 'quick' as const,
      payload: { n },
      options: { whenFull: 'wait' as const },
    }));
    const stored = jobs.enqueueMany(entries);
    await jobs.start();
    expect(new Set((await stored).map(({ id }) => id)).size).toBe(6);
    await until('all have run', () => Gate.ran.length === 7);
    expect(Gate.ran).toEqual([100, 0, 1, 2, 3, 4, 5]);
  });

  it.each([
    ['whenFull', { whenFull: 'drop' }, "it is 'reject' or 'wait'"],
    ['signal', { signal: 5 }, 'it is an AbortSignal'],
  ])('a wrong %s is refused', async (_field, options, text) => {
    const { jobs } = await startApp({ queues: bounded(1), autoStart: false });
    await expect(jobs.enqueue('quick', { n: 1 }, options as never)).rejects.toThrow(text);
  });
});
