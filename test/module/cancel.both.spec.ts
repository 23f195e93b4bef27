/** Cancelling, with a producer and a worker of one store as two apps. With processes of their own: test/scenario. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { getQueueToken } from '@nestjs/bullmq';
import { Injectable, Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Queue } from 'bullmq';
import {
  defineJob,
  Job,
  JobCancelError,
  JobContext,
  JobSchedulerModule,
  JobService,
  type JobSchedulerOptions,
} from 'nestjs-job-scheduler';
import { Canceller } from '#src/jobs/cancel/canceller.js';
import { StoreHolder } from '#src/store/store-holder.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { scaled, WAIT } from '../support/machine.js';
import { everyStore, storesOfSuite } from '../support/stores.js';

Logger.overrideLogger(false);

const obey = defineJob('obey');
const ignore = defineJob<{ release?: boolean }, string>('ignore');
const giveIn = defineJob('give.in');
const fail = defineJob('fail');
const brief = defineJob<{ n: number }>('brief');

@Injectable()
class Work {
  readonly started: string[] = [];
  readonly reasons: unknown[] = [];
  readonly ran: number[] = [];
  release: () => void = () => undefined;

  @Job(obey)
  async obey(_: unknown, ctx: JobContext) {
    this.started.push(ctx.id);
    await new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve()));
    this.reasons.push(ctx.signal.reason);
  }

  @Job(ignore, { timeout: '1h' })
  async ignore(_: unknown, ctx: JobContext) {
    this.started.push(ctx.id);
    ctx.signal.addEventListener('abort', () => this.reasons.push(ctx.signal.reason));
    await new Promise<void>((resolve) => (this.release = resolve));
    return 'done all the same';
  }

  @Job(giveIn)
  async giveIn() {
    throw new JobCancelError('not worth it');
  }

  @Job(fail, { retry: { max: 3, delay: '1m' } })
  async fail(_: unknown, ctx: JobContext) {
    this.started.push(ctx.id);
    throw new Error('broken');
  }

  @Job(brief, { timeout: '5s' })
  async brief({ n }: { n: number }, ctx: JobContext) {
    this.ran.push(n);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, n % 3);
      ctx.signal.addEventListener('abort', () => (clearTimeout(timer), resolve()));
    });
  }
}

const apps: INestApplicationContext[] = [];
const works: Work[] = [];
afterEach(async () => {
  for (const work of works.splice(0)) work.release();
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

async function start(options: JobSchedulerOptions) {
  const provider = options.role === 'producer' ? [] : [Work];
  @Module({ imports: [JobSchedulerModule.forRoot(options)], providers: provider })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
  apps.push(app);
  return { app, jobs: app.get(JobService) };
}

const stores = storesOfSuite(everyStore);

describe.each(stores)('cancel on %s', (_name, connection) => {
  async function fleet(options: JobSchedulerOptions = {}) {
    const common = { connection, prefix: randomPrefix(), shutdownTimeout: 0, ...options };
    const worker = await start({ ...common, role: 'worker' });
    const { app, jobs } = await start({ ...common, role: 'producer' });
    const work = worker.app.get(Work);
    works.push(work);
    const record = (id: string) => app.get(StoreHolder).require('read').executions.load(id);
    const begun = (id: string) => until('it runs', () => work.started.includes(id));
    return { app, jobs, worker, work, record, begun };
  }

  it('aborts a run in another process; its record says who and why', async () => {
    const { jobs, worker, work, record, begun } = await fleet();
    const handle = await jobs.enqueue(obey);
    await begun(handle.id);
    expect(await jobs.cancel(handle.id, 'not needed')).toBe(true);
    await expect(handle.finished(WAIT)).rejects.toMatchObject({
      code: 'JOB_CANCELLED',
      reason: 'not needed',
    });
    expect(work.reasons).toEqual([expect.any(JobCancelError)]);
    expect(work.reasons).toMatchObject([{ reason: 'not needed', by: jobs.workerId }]);
    expect(await record(handle.id)).toMatchObject({
      final: 'cancelled',
      head: { reason: 'not needed', cancelledBy: jobs.workerId },
      attempts: [{ workerId: worker.jobs.workerId }],
    });
    expect(await jobs.cancel(handle.id, 'again')).toBe(false);
  });

  it('takes out what waits, is delayed, or waits for its next attempt', async () => {
    const { jobs, work, record, begun } = await fleet();
    const retrying = await jobs.enqueue(fail);
    await begun(retrying.id);
    await until('it waits for its retry', async () => (await jobs.getStatus(retrying.id)) === 'retrying');
    await jobs.pauseQueue('default');
    const waiting = await jobs.enqueue(obey, undefined, { metadata: { a: 'b' } });
    const urgent = await jobs.enqueue(obey, undefined, { priority: 5 });
    const delayed = await jobs.enqueueIn(obey, undefined, '1h');
    for (const { id } of [retrying, waiting, urgent, delayed]) expect(await jobs.cancel(id, 'too late')).toBe(true);
    await jobs.resumeQueue('default');
    for (const handle of [retrying, waiting, urgent, delayed]) {
      await expect(handle.finished(WAIT)).rejects.toMatchObject({ code: 'JOB_CANCELLED' });
      const { final, head, attempts } = (await record(handle.id))!;
      expect({ final, head }).toMatchObject({
        final: 'cancelled',
        head: { reason: 'too late', cancelledBy: jobs.workerId, completedAt: expect.any(Number) },
      });
      expect(attempts).toHaveLength(handle === retrying ? 1 : 0);
    }
    expect((await record(waiting.id))!.head!.metadata).toEqual({ a: 'b' });
    expect(work.started).toEqual([retrying.id]);
    const [queue] = (await jobs.getQueues()).filter(({ name }) => name === 'default');
    expect(queue!.counts).toMatchObject({ pending: 0, active: 0, delayed: 0 });
  });

  it('a handler that ignores its signal: cancelled when it ends, its result dropped', async () => {
    const { jobs, work, record, begun } = await fleet();
    const handle = await jobs.enqueue(ignore, {});
    await begun(handle.id);
    expect(await jobs.cancel(handle.id, 'first')).toBe(true);
    expect(await jobs.cancel(handle.id, 'second')).toBe(true);
    expect(await jobs.getStatus(handle.id)).toBe('running');
    work.release();
    await expect(handle.finished(WAIT)).rejects.toMatchObject({ code: 'JOB_CANCELLED', reason: 'first' });
    expect((await record(handle.id))!.head!.result).toBeUndefined();
  });

  it('a handler that never ends: cancelled at its deadline, or when it is given up', async () => {
    const { app, jobs, begun } = await fleet({ concurrency: 2 });
    const timeout = scaled(2_000);
    const [patient, hasty] = await Promise.all([jobs.enqueue(ignore, {}, { timeout }), jobs.enqueue(ignore, {})]);
    await Promise.all([begun(patient.id), begun(hasty.id)]);
    expect(await jobs.cancel(patient.id)).toBe(true);
    expect(await app.get(Canceller).cancel(hasty.id, 'replaced', { giveUpAfter: 20 })).toBe(true);
    await expect(hasty.finished(WAIT)).rejects.toMatchObject({
      code: 'JOB_CANCELLED',
      reason: 'replaced',
    });
    await expect(patient.finished(WAIT)).rejects.toMatchObject({ code: 'JOB_CANCELLED' });
  });

  it('what a handler cancels itself is cancelled by its worker', async () => {
    const { jobs, worker, record } = await fleet();
    const handle = await jobs.enqueue(giveIn);
    await expect(handle.finished(WAIT)).rejects.toMatchObject({ reason: 'not worth it' });
    expect((await record(handle.id))!.head).toMatchObject({ cancelledBy: worker.jobs.workerId });
  });

  it('caught at whatever moment: cancelled if it says so, else it has run', async () => {
    const { jobs, work, record } = await fleet({ concurrency: 3 });
    const count = 60;
    const handles = await Promise.all(
      Array.from({ length: count }, async (_, n) => {
        const handle = await jobs.enqueue(brief, { n });
        // Some at once, some when about half are done.
        if (n % 2) await until('half are done', () => work.ran.length > count / 4, { every: 1 + (n % 5) });
        return { handle, n, answer: await jobs.cancel(handle.id, 'race') };
      }),
    );
    for (const { handle, n, answer } of handles) {
      const end = await handle.finished(WAIT).then(
        () => 'completed',
        () => 'cancelled',
      );
      expect([n, end]).toEqual([n, answer ? 'cancelled' : 'completed']);
      expect((await record(handle.id))!.final).toBe(end);
    }
    expect(new Set(work.ran).size).toBe(work.ran.length);
    expect((await jobs.getQueue('default')).counts).toMatchObject({ pending: 0, active: 0, delayed: 0 });
  });

  it('one that is being put back for a shutdown is caught in its queue', async () => {
    const { jobs, worker, work, record, begun } = await fleet();
    const handle = await jobs.enqueue(ignore, {});
    await begun(handle.id);
    const stopping = worker.jobs.stop();
    await until('it is told of the shutdown', () => work.reasons.length > 0);
    expect(work.reasons).toMatchObject([{ code: 'JOB_SHUTDOWN' }]);
    expect(await jobs.cancel(handle.id, 'while it stops')).toBe(true);
    await stopping;
    expect(await jobs.getStatus(handle.id)).toBe('cancelled');
    expect(await record(handle.id)).toMatchObject({ final: 'cancelled', head: { reason: 'while it stops' } });
  });

  it('nothing is left of it without history', async () => {
    const { jobs, record, begun } = await fleet({ history: false });
    const handle = await jobs.enqueue(fail);
    await begun(handle.id);
    await until('its attempt is stored', async () => (await record(handle.id))?.attempts.length === 1);
    await until('it waits for its retry', async () => (await jobs.getStatus(handle.id)) === 'retrying');
    expect(await jobs.cancel(handle.id)).toBe(true);
    expect(await record(handle.id)).toBeUndefined();
  });

  it('the next fire of a BullMQ scheduler made by hand is refused: it would stop the scheduler', async () => {
    const { app, jobs } = await fleet();
    const queue = app.get<Queue>(getQueueToken('default'));
    const next = await queue.upsertJobScheduler('by hand', { every: 3_600_000, startDate: Date.now() + 3_600_000 });
    const id = `bullmq:default:${next.id}`;
    expect(await jobs.getStatus(id)).toBe('pending');
    await expect(jobs.cancel(id)).rejects.toMatchObject({ code: 'SCHEDULE_OWNED' });
    expect(await jobs.getStatus(id)).toBe('pending');
  });

  it('nothing to cancel: unknown, completed', async () => {
    const { jobs } = await fleet();
    const done = await jobs.enqueue(brief, { n: 1 });
    await done.finished(WAIT);
    expect(await jobs.cancel(done.id)).toBe(false);
    expect(await jobs.cancel('never-seen')).toBe(false);
  });
});
