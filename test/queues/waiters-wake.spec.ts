/** Whatever ends an execution, an event tells those who wait for it: their own look is for what is missed. */
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JobSchedulerModule, JobService, type JobHandle, type JobOptions } from 'nestjs-job-scheduler';
import { JobExecutor } from '#src/execution/job-executor.js';
import { ExecutionFinder } from '#src/jobs/execution-finder.js';
import { FinishWatcher } from '#src/jobs/finish-watcher.js';
import { BullQueues } from '#src/queues/bull-queues.js';
import { EventStream } from '#src/store/event-stream.js';
import { encodeJobId } from '#src/store/names.js';
import { randomPrefix } from '../support/prefix.js';
import { everyStore } from '../support/stores.js';
import { until } from '../support/until.js';

Logger.overrideLogger(false);

const NEVER = 86_400_000;
const code = (wanted: string) => ({ code: wanted });

describe.each(everyStore)('on %s', (_name, connection) => {
  let app: INestApplicationContext;
  let jobs: JobService;
  let jobNumber = 0;
  /** Resolves when the watcher has looked for an execution once more, and not found its end. */
  let looked: (id: string) => Promise<unknown>;

  beforeAll(async () => {
    @Module({ imports: [JobSchedulerModule.forRoot({ connection, prefix: randomPrefix() })] })
    class App {}
    app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
    jobs = app.get(JobService);
    jobs.register({ name: 'quick' }, async () => 1);
    const emit = jest.spyOn(EventStream.prototype, 'emit');
    await until('events are heard', async () => {
      await (await jobs.enqueue('quick', undefined)).finished();
      return emit.mock.calls.some(([event]) => event === 'completed');
    });
    emit.mockRestore();
    app.get(FinishWatcher).longestPause = NEVER;
    const finder = app.get(ExecutionFinder);
    const findIn = finder.findIn.bind(finder);
    const looks: string[] = [];
    finder.findIn = async (queue, id) => {
      const found = await findIn(queue, id);
      looks.push(id);
      return found;
    };
    looked = async (id) => {
      const before = looks.filter((each) => each === id).length;
      return until('it is waited for', () => looks.filter((each) => each === id).length > before);
    };
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  afterAll(() => app?.close());

  /** A job whose handler goes on until `end` is called, with what it then gives or throws. */
  function declare(options: Omit<JobOptions, 'name'> = {}) {
    const name = `job-${++jobNumber}`;
    let end: (work: () => unknown) => void = () => undefined;
    const ended = new Promise<() => unknown>((resolve) => (end = resolve));
    const runs: string[] = [];
    jobs.register({ name, retry: 0, ...options }, async (_, ctx) => {
      runs.push(ctx.id);
      const aborted = new Promise<() => unknown>((resolve) =>
        ctx.signal.addEventListener('abort', () => resolve(() => 0)),
      );
      return (await Promise.race([ended, aborted]))();
    });
    return { name, end, running: (id: string) => until('it runs', () => runs.includes(id)) };
  }

  /** Waits for an execution whose end `cause` then makes. */
  async function endOf(handle: JobHandle, cause: () => unknown): Promise<unknown> {
    const waits = looked(handle.id);
    const end = handle.finished().then(
      (result) => ({ result }),
      (error: unknown) => error,
    );
    await waits;
    await cause();
    return end;
  }

  it.each([
    ['with its record', {}],
    ['without one', { retention: { count: 0, failed: 1 } }],
  ])('a run that ends, %s', async (_how, options) => {
    for (const [work, end] of [
      [() => ({ n: 1 }), { result: { n: 1 } }],
      [() => Promise.reject(new Error('no')), code('JOB_FAILED')],
    ] as const) {
      const job = declare(options);
      const handle = await jobs.enqueue(job.name, undefined);
      await job.running(handle.id);
      expect(await endOf(handle, () => job.end(work))).toMatchObject(end);
    }
  });

  it.each([
    ['with its record', {}],
    ['without one', { retention: { count: 0 } }],
  ])('a cancel, %s: of what runs, waits, is delayed, or waits for its retry', async (_how, options) => {
    const cancelled = { code: 'JOB_CANCELLED', message: expect.stringContaining('not wanted') };
    const cancel = async (handle: JobHandle) => endOf(handle, () => jobs.cancel(handle.id, 'not wanted'));
    const job = declare({ ...options, retry: { max: 1, delay: '1h' } });
    const runs = await jobs.enqueue(job.name, undefined);
    await job.running(runs.id);
    expect(await cancel(runs)).toMatchObject(cancelled);

    expect(await cancel(await jobs.enqueueIn(job.name, undefined, '1h'))).toMatchObject(cancelled);

    job.end(() => Promise.reject(new Error('again')));
    const retried = await jobs.enqueue(job.name, undefined);
    await until('it waits for its retry', async () => (await jobs.getStatus(retried.id)) === 'retrying');
    expect(await cancel(retried)).toMatchObject(cancelled);

    await jobs.pauseQueue('default');
    expect(await cancel(await jobs.enqueue(job.name, undefined))).toMatchObject(cancelled);
    await jobs.resumeQueue('default');
  });

  it('a run that is replaced, and one that is skipped', async () => {
    const replacing = declare({ overlap: 'replace' });
    const first = await jobs.enqueue(replacing.name, undefined);
    await replacing.running(first.id);
    const second = { handle: undefined as JobHandle | undefined };
    const replace = async () => (second.handle = await jobs.enqueue(replacing.name, undefined));
    expect(await endOf(first, replace)).toMatchObject({ ...code('JOB_CANCELLED'), reason: 'replaced' });
    await replacing.running(second.handle!.id);
    expect(await endOf(second.handle!, () => replacing.end(() => 2))).toMatchObject({ result: 2 });

    const skipping = declare({ overlap: 'skip' });
    const runs = await jobs.enqueue(skipping.name, undefined);
    await skipping.running(runs.id);
    await jobs.pauseQueue('default');
    const late = await jobs.enqueue(skipping.name, undefined);
    expect(await endOf(late, () => jobs.resumeQueue('default'))).toMatchObject(code('JOB_SKIPPED'));
    skipping.end(() => 1);
    expect(await runs.finished()).toBe(1);
  });

  it('a job that is removed by BullMQ’s means', async () => {
    const queue = app.get(BullQueues).get('default');
    const handle = await jobs.enqueueIn(declare().name, undefined, '1h');
    const remove = async () => (await queue.getJob(encodeJobId(handle.id, 'default')))!.remove();
    expect(await endOf(handle, remove)).toMatchObject(code('EXECUTION_UNKNOWN'));
  });

  it('a job that has killed its worker too often', async () => {
    const job = declare();
    const begin: JobExecutor['begin'] = Reflect.get(JobExecutor.prototype, 'begin');
    jest.spyOn(JobExecutor.prototype, 'begin').mockImplementationOnce(function (this: JobExecutor, started, reports) {
      return begin.call(this, { ...started, crashes: 3 }, reports);
    });
    await jobs.pauseQueue('default');
    const handle = await jobs.enqueue(job.name, undefined);
    expect(await endOf(handle, () => jobs.resumeQueue('default'))).toMatchObject({
      ...code('JOB_FAILED'),
      cause: code('JOB_POISONED'),
    });
  });
});
