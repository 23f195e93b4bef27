import { describe, expect, it } from '@jest/globals';
import { getQueueToken } from '@nestjs/bullmq';
import { Injectable, Logger, Module, type INestApplicationContext, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Queue } from 'bullmq';
import { z } from 'zod';
import {
  defineJob,
  Job,
  JobAbortError,
  JobContext,
  JobSchedulerModule,
  JobService,
  JobSnoozeError,
  JobStep,
  OnJobFail,
  type JobFailure,
  type JobSchedulerOptions,
} from 'nestjs-job-scheduler';
import { closedAfterEach } from '../support/closed-after-each.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { WAIT } from '../support/machine.js';
import { everyStore, storesOfSuite } from '../support/stores.js';

Logger.overrideLogger(false);

const apps = closedAfterEach<INestApplicationContext>();

async function startApp(providers: Type[], options: JobSchedulerOptions) {
  @Module({
    imports: [
      JobSchedulerModule.forRoot({
        prefix: randomPrefix(),
        queues: { critical: 6, default: 3, low: 1 },
        ...options,
      }),
    ],
    providers,
  })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
  apps.push(app);
  return { app, jobs: app.get(JobService) };
}

const stores = storesOfSuite(everyStore);

interface Mail {
  to: string;
}

@Job({ queue: 'critical' })
class SendWelcome {
  static sent: string[] = [];
  async run(mail: Mail, ctx: JobContext) {
    SendWelcome.sent.push(mail.to);
    return { sent: mail.to, attempt: ctx.attempt };
  }
}

@Injectable()
class Desk {
  tries = 0;
  told: JobFailure[] = [];

  @Job({ retry: { max: 2, delay: 10 } })
  async flaky() {
    if (++this.tries < 3) throw new Error(`try ${this.tries}`);
    return this.tries;
  }

  @Job({ retry: 1 })
  async hopeless(_mail: Mail) {
    throw new JobAbortError('no use');
  }

  @Job()
  async nap(_: unknown, ctx: JobContext) {
    if (!ctx.metadata.woken && ctx.fence === 1) throw new JobSnoozeError(20);
    return ctx.attempt;
  }

  @Job({ timeout: '10m' })
  async wait(_: unknown, ctx: JobContext) {
    await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve));
  }

  @OnJobFail()
  async tell(failure: JobFailure) {
    this.told.push(failure);
  }
}

@Job({ name: 'trip' })
class Trip {
  @JobStep() async book(p: { n: number }) {
    return { seat: p.n };
  }
  @JobStep() async pay(_: { n: number }, ctx: JobContext) {
    return ctx.result<{ seat: number }>('book').seat * 2;
  }
}

const Resize = defineJob('img:resize', { schema: z.object({ width: z.coerce.number() }) });
@Injectable()
class Images {
  @Job(Resize, { queue: 'low' })
  async resize(p: { width: number }) {
    return p.width;
  }
}

describe.each(stores)('a module on %s', (_store, connection) => {
  const start = (providers: Type[], options: JobSchedulerOptions = {}) =>
    startApp(providers, { connection, ...options });

  it('runs jobs by class, method, contract and name, and gives their results', async () => {
    const { jobs } = await start([SendWelcome, Desk, Trip, Images]);
    const handle = await jobs.enqueue(SendWelcome, { to: 'ada' });
    expect(handle).toMatchObject({ job: 'SendWelcome', queue: 'critical', duplicate: false });
    expect(await handle.finished(WAIT)).toEqual({ sent: 'ada', attempt: 1 });
    expect(await jobs.getStatus(handle.id)).toBe('completed');
    expect(await (await jobs.enqueue([Desk, 'flaky'])).finished(WAIT)).toBe(3);
    expect(await (await jobs.enqueue(Trip, { n: 21 })).finished(WAIT)).toBe(42);
    expect(await (await jobs.enqueue(Resize, { width: '7' })).finished(WAIT)).toBe(7);
    expect(await (await jobs.enqueue('trip', { n: 1 })).finished(WAIT)).toBe(2);
    expect(await (await jobs.enqueue([Desk, 'nap'])).finished(WAIT)).toBe(1);
  });

  it('fails, tells @OnJobFail, and retries by hand', async () => {
    const { app, jobs } = await start([Desk]);
    const handle = await jobs.enqueue([Desk, 'hopeless'], { to: 'bob' });
    await expect(handle.finished(WAIT)).rejects.toMatchObject({ code: 'JOB_FAILED', message: 'no use' });
    expect(app.get(Desk).told).toMatchObject([{ payload: { to: 'bob' }, attempts: 1 }]);
    expect(await jobs.getStatus(handle.id)).toBe('failed');
    await until('the failed job can be retried', () => jobs.retry(handle.id));
    await until('it failed again', () => app.get(Desk).told.length === 2);
  });

  it('knows an id again', async () => {
    const { jobs } = await start([SendWelcome]);
    SendWelcome.sent = [];
    const first = await jobs.enqueue(SendWelcome, { to: 'x' }, { id: 'mail:1' });
    await first.finished(WAIT);
    const second = await jobs.enqueue(SendWelcome, { to: 'x' }, { id: 'mail:1' });
    expect(second).toMatchObject({ id: 'mail:1', duplicate: true });
    expect(await second.finished(WAIT)).toEqual({ sent: 'x', attempt: 1 });
    const many = await jobs.enqueueMany([
      { job: SendWelcome, payload: { to: 'y' }, options: { id: 'mail:2' } },
      { job: SendWelcome, payload: { to: 'y' }, options: { id: 'mail:2' } },
      { job: SendWelcome, payload: { to: 'z' } },
    ]);
    expect(many.map((each) => each.duplicate)).toEqual([false, true, false]);
    await Promise.all(many.map((each) => each.finished(WAIT)));
    expect(SendWelcome.sent.toSorted()).toEqual(['x', 'y', 'z']);
  });

  it('cancels what waits and what runs here', async () => {
    const { jobs } = await start([Desk, SendWelcome]);
    const later = await jobs.enqueueIn(SendWelcome, { to: 'late' }, '1h');
    expect(await jobs.getStatus(later.id)).toBe('pending');
    expect(await jobs.cancel(later.id, 'not needed')).toBe(true);
    await expect(later.finished(WAIT)).rejects.toMatchObject({
      code: 'JOB_CANCELLED',
      reason: 'not needed',
    });
    const running = await jobs.enqueue([Desk, 'wait']);
    await until('it runs', async () => (await jobs.getStatus(running.id)) === 'running');
    expect(await jobs.cancel(running.id, 'enough')).toBe(true);
    await expect(running.finished(WAIT)).rejects.toMatchObject({
      code: 'JOB_CANCELLED',
      reason: 'enough',
    });
    expect(await jobs.getStatus(running.id)).toBe('cancelled');
    expect(await jobs.cancel(running.id)).toBe(false);
    expect(await jobs.cancel('never-seen')).toBe(false);
  });

  it('refuses bad input and stores nothing', async () => {
    const { jobs } = await start([SendWelcome, Images]);
    await expect(jobs.enqueue('SendWelcom', {})).rejects.toThrow('Did you mean "SendWelcome"?');
    await expect(jobs.enqueue(SendWelcome, { to: 'a' }, { queue: 'critcal' })).rejects.toThrow(
      'Did you mean "critical"?',
    );
    await expect(jobs.enqueue(Resize, { width: 'wide' })).rejects.toMatchObject({ code: 'PAYLOAD_INVALID' });
    await expect(jobs.enqueue('SendWelcome', { to: () => 1 })).rejects.toThrow(/to is a function/);
    await expect(jobs.enqueue(SendWelcome, { to: 'x'.repeat(1 << 20) })).rejects.toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
    });
    await expect(jobs.enqueueAt(SendWelcome, { to: 'a' }, new Date('rubbish'))).rejects.toMatchObject({
      code: 'ENQUEUE_INVALID',
    });
    await expect(jobs.enqueueAt(SendWelcome, { to: 'a' }, new Date(8.64e15))).rejects.toMatchObject({
      code: 'ENQUEUE_INVALID',
      message: expect.stringContaining('at most 100 years from now'),
    });
    const soon = 'soon' as '1s';
    await expect(jobs.enqueueIn(SendWelcome, { to: 'a' }, soon)).rejects.toMatchObject({ code: 'ENQUEUE_INVALID' });
    await expect(jobs.retry('nothing')).rejects.toMatchObject({ code: 'EXECUTION_UNKNOWN' });
    await expect(jobs.getQueue('defualt')).rejects.toMatchObject({ code: 'QUEUE_UNKNOWN' });
    const queues = await jobs.getQueues();
    const counts = queues.map(({ counts: { pending, completed, failed } }) => pending + completed + failed);
    expect(counts).toEqual([0, 0, 0]);
  });

  it('pauses, resumes and counts queues; @InjectQueue gives the plain BullMQ queue', async () => {
    const { app, jobs } = await start([SendWelcome]);
    await jobs.pauseQueue('critical');
    const handles = await Promise.all(['a', 'b', 'c'].map((to) => jobs.enqueue(SendWelcome, { to })));
    expect(await jobs.getQueue('critical')).toMatchObject({
      paused: true,
      weight: 6,
      counts: { pending: 3, active: 0 },
    });
    const queue = app.get<Queue>(getQueueToken('critical'), { strict: false });
    expect(await queue.getWaitingCount()).toBe(3);
    expect((await queue.getWaiting())[0]?.data).toEqual({ to: expect.any(String) });
    await jobs.resumeQueue('critical');
    await Promise.all(handles.map((handle) => handle.finished(WAIT)));
    await queue.add('SendWelcome', { to: 'plain' });
    await until('all are counted', async () => (await jobs.getQueue('critical')).counts.completed === 4);
    expect(SendWelcome.sent).toContain('plain');
  });

  it('registers jobs without a decorator, and runs schedules', async () => {
    const { jobs } = await start([]);
    const seen: unknown[] = [];
    jobs.register({ name: 'my.job', queue: 'low', schedule: 'every 1s' }, (payload, ctx) => {
      seen.push([ctx.trigger, payload]);
    });
    await (await jobs.trigger('my.job', { a: 1 })).finished(WAIT);
    expect(seen[0]).toEqual(['manual', { a: 1 }]);
    await until('the schedule fired', () => seen.length >= 2);
    expect(seen[1]).toEqual(['schedule', undefined]);
    expect(await jobs.getScheduled()).toMatchObject([
      { id: 'code:my.job', job: 'my.job', schedule: 'every 1s', source: 'code', enabled: true, next: expect.any(Date) },
    ]);
  });

  it('stops and starts by hand, and closes twice', async () => {
    const { app, jobs } = await start([SendWelcome], { autoStart: false });
    expect(jobs.isRunning).toBe(false);
    const handle = await jobs.enqueue(SendWelcome, { to: 'q' });
    await jobs.start();
    await handle.finished(WAIT);
    await jobs.stop();
    expect(jobs.isRunning).toBe(false);
    const second = await jobs.enqueue(SendWelcome, { to: 'r' });
    await jobs.start();
    await second.finished(WAIT);
    await app.close();
    await app.close();
  });

  it('fails what no longer fits or is not registered, keeps it for a retry, and works on', async () => {
    const prefix = randomPrefix();
    const { app, jobs } = await start([SendWelcome, Images], { prefix });
    const queue = app.get<Queue>(getQueueToken('low'), { strict: false });
    // One that is due for longer than a deploy takes.
    const unknown = await queue.add('gone.job', { a: 1 }, { timestamp: Date.now() - 11 * 60_000 });
    const misfit = await queue.add('img:resize', { width: 'wide' });
    await until('both failed', async () => (await queue.getFailed()).length === 2);
    const failed = Object.fromEntries((await queue.getFailed()).map((job) => [job.id, job.failedReason]));
    expect(failed[unknown.id!]).toContain('No job "gone.job" is registered');
    expect(failed[misfit.id!]).toContain('width');
    const handle = await jobs.enqueue(Resize, { width: '3' });
    expect(await handle.finished(WAIT)).toBe(3);

    const later: unknown[] = [];
    jobs.register({ name: 'gone.job' }, (payload) => void later.push(payload));
    await jobs.retry(`bullmq:low:${unknown.id}`);
    await until('it ran', () => later.length === 1);
    expect(later).toEqual([{ a: 1 }]);
  });

  it('gives back what is not registered while it may still come, without using an attempt', async () => {
    const { app, jobs } = await start([]);
    const queue = app.get<Queue>(getQueueToken('low'), { strict: false });
    const handle = await jobs.enqueue({ jobName: 'coming' }, { a: 1 }, { queue: 'low', retry: 0 });
    const notes = async () => (await queue.getJobs()).flatMap(({ stacktrace }) => stacktrace ?? []);
    await until('it was given back', async () => (await notes())[0]?.startsWith('JOB_UNKNOWN: given back'));
    await until('it waits', async () => (await jobs.getStatus(handle.id)) === 'pending');
    const runs: unknown[] = [];
    jobs.register({ name: 'coming', overlap: 'skip' }, (payload, { attempt }) => void runs.push([payload, attempt]));
    await handle.finished(WAIT);
    expect(runs).toEqual([[{ a: 1 }, 1]]);
  });

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['a text', 'broken'],
    ['a circular object', Object.assign([], { 0: {} })],
    ['null', null],
  ])('records a handler that throws %s as failed', async (_name, thrown) => {
    const { jobs } = await start([]);
    const circular = Array.isArray(thrown) ? { self: thrown } : thrown;
    if (Array.isArray(thrown)) thrown[0] = circular;
    jobs.register({ name: 'throws', retry: 0 }, () => {
      throw circular;
    });
    const handle = await jobs.enqueue('throws');
    await expect(handle.finished(WAIT)).rejects.toMatchObject({ code: 'JOB_FAILED' });
    expect(await jobs.getStatus(handle.id)).toBe('failed');
  });
});
