/** What is read of an execution is what happened, whoever reads it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  JobHistory,
  JobSchedulerModule,
  JobService,
  ScheduleService,
  type JobExecution,
  type JobStatus,
} from 'nestjs-job-scheduler';
import { startChild, type TestChild } from '../support/child.js';
import { randomPrefix } from '../support/prefix.js';
import { sharedStores, storesOfSuite } from '../support/stores.js';
import { inSuite } from '../support/suite.js';
import { until } from '../support/until.js';

Logger.overrideLogger(false);

const directory = mkdtempSync(join(tmpdir(), 'history-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** What the handlers saw, by execution. */
const seen = new Map<string, { attempt: number; at: number }[]>();
let release = () => undefined as void;

function registerJobs(jobs: JobService): void {
  const see = (id: string, attempt: number) => seen.set(id, [...(seen.get(id) ?? []), { attempt, at: Date.now() }]);
  const aborted = (signal: AbortSignal) =>
    new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));

  jobs.register({ name: 'adds' }, async (payload, ctx) => {
    see(ctx.id, ctx.attempt);
    await ctx.step('nothing', () => undefined);
    return ctx.step('sum', () => {
      const { a, b } = payload as { a: number; b: number };
      return { sum: a + b };
    });
  });
  jobs.register({ name: 'breaks', retry: { max: 2, backoff: 'fixed', delay: 10 } }, async (_, ctx) => {
    see(ctx.id, ctx.attempt);
    await ctx.step('fine', () => 'kept');
    await ctx.step('broken', () => {
      throw Object.assign(new RangeError(`attempt ${ctx.attempt}`), { code: 'E_BROKEN' });
    });
  });
  jobs.register({ name: 'waits', timeout: '1m' }, async (_, ctx) => {
    see(ctx.id, ctx.attempt);
    await aborted(ctx.signal);
  });
  jobs.register({ name: 'late', timeout: '50ms', retry: 0 }, async (_, ctx) => {
    see(ctx.id, ctx.attempt);
    await aborted(ctx.signal);
  });
  jobs.register({ name: 'alone', overlap: 'skip' }, async (_, ctx) => {
    see(ctx.id, ctx.attempt);
    await new Promise<void>((resolve) => (release = resolve));
  });
  jobs.register({ name: 'missed', misfire: 'skip', misfireThreshold: 100 }, async (_, ctx) => {
    see(ctx.id, ctx.attempt);
  });
}

interface Running {
  readonly jobs: JobService;
  readonly history: JobHistory;
  readonly schedules: ScheduleService;
}

type Expected = Omit<Partial<JobExecution>, 'createdAt' | 'startedAt' | 'completedAt' | 'attempts' | 'steps'> & {
  readonly status: JobStatus;
  /** Each without its times. */
  readonly attempts: readonly object[];
  readonly steps: readonly object[];
};

interface Case {
  readonly name: string;
  /** Makes it happen, and tells which execution it was. */
  readonly act: (app: Running) => Promise<string>;
  readonly expected: (app: Running, id: string) => Expected;
}

const failure = (n: number) => ({ name: 'RangeError', message: `attempt ${n}`, code: 'E_BROKEN' });
const ended = async (history: JobHistory, id: string) =>
  until('it has ended', async () => (await history.getExecution(id))?.completedAt, { within: 60_000 });
const started = (id: string) => until('it runs', () => seen.has(id), { within: 60_000 });

const CASES: readonly Case[] = [
  {
    name: 'completed',
    act: async ({ jobs }) => {
      const handle = await jobs.enqueue('adds', { a: 1, b: 2 }, { metadata: { tenant: 'x' } });
      await handle.finished();
      return handle.id;
    },
    expected: ({ jobs: { workerId } }) => ({
      job: 'adds',
      status: 'completed',
      trigger: 'enqueue',
      payload: { a: 1, b: 2 },
      result: { sum: 3 },
      attempts: [{ attempt: 1, workerId }],
      steps: [{ name: 'nothing' }, { name: 'sum', result: { sum: 3 } }],
      workerId,
      metadata: { tenant: 'x' },
    }),
  },
  {
    name: 'failed after retries',
    act: async ({ jobs }) => {
      const handle = await jobs.trigger('breaks', 'p');
      await expect(handle.finished()).rejects.toMatchObject({ code: 'JOB_FAILED' });
      return handle.id;
    },
    expected: ({ jobs: { workerId } }) => ({
      job: 'breaks',
      status: 'failed',
      trigger: 'manual',
      payload: 'p',
      error: failure(3),
      attempts: [1, 2, 3].map((attempt) => ({
        attempt,
        error: failure(attempt),
        stack: expect.stringContaining(`attempt ${attempt}`),
        workerId,
      })),
      steps: [
        { name: 'fine', result: 'kept' },
        { name: 'broken', error: failure(3) },
      ],
      workerId,
    }),
  },
  {
    name: 'cancelled while running',
    act: async ({ jobs, history }) => {
      const { id } = await jobs.enqueue('waits', undefined);
      await started(id);
      expect(await history.getExecution(id)).toMatchObject({
        status: 'running',
        attempts: [{ attempt: 1, workerId: jobs.workerId, startedAt: expect.any(Date) }],
      });
      expect(await jobs.cancel(id, 'enough')).toBe(true);
      await ended(history, id);
      return id;
    },
    expected: ({ jobs: { workerId } }) => ({
      job: 'waits',
      status: 'cancelled',
      trigger: 'enqueue',
      reason: 'enough',
      cancelledBy: workerId,
      attempts: [{ attempt: 1, workerId }],
      steps: [],
      workerId,
    }),
  },
  {
    name: 'cancelled before it started',
    act: async ({ jobs, history }) => {
      const { id } = await jobs.enqueueIn('waits', 'later', '1h');
      expect(await history.getExecution(id)).toMatchObject({ status: 'pending', attempts: [] });
      expect(await jobs.cancel(id)).toBe(true);
      return id;
    },
    expected: ({ jobs: { workerId } }) => ({
      job: 'waits',
      status: 'cancelled',
      trigger: 'enqueue',
      payload: 'later',
      reason: 'cancelled',
      cancelledBy: workerId,
      attempts: [],
      steps: [],
    }),
  },
  {
    name: 'timed out',
    act: async ({ jobs }) => {
      const handle = await jobs.enqueue('late', undefined);
      await expect(handle.finished()).rejects.toMatchObject({ code: 'JOB_FAILED' });
      return handle.id;
    },
    expected: ({ jobs: { workerId } }) => {
      const error = {
        name: 'JobTimeoutError',
        message: expect.stringContaining('50 ms'),
        code: 'JOB_TIMEOUT',
      } as never;
      return {
        job: 'late',
        status: 'failed',
        trigger: 'enqueue',
        error,
        attempts: [{ attempt: 1, error, stack: expect.any(String), workerId }],
        steps: [],
        workerId,
      };
    },
  },
  {
    name: 'skipped by overlap',
    act: async ({ jobs }) => {
      const first = await jobs.enqueue('alone', 1);
      await started(first.id);
      const handle = await jobs.enqueue('alone', 2);
      await expect(handle.finished()).rejects.toMatchObject({ code: 'JOB_SKIPPED' });
      release();
      await first.finished();
      return handle.id;
    },
    expected: () => ({
      job: 'alone',
      status: 'skipped',
      trigger: 'enqueue',
      payload: 2,
      reason: 'overlap',
      attempts: [],
      steps: [],
    }),
  },
  {
    name: 'skipped by misfire',
    act: async ({ jobs, history, schedules }) => {
      await schedules.create({ id: 'often', job: 'missed', schedule: 'every 1s', payload: { day: 1 } });
      await jobs.stop();
      const stoppedAt = Date.now();
      // A fire that was due in between, and one that is due now.
      await until('it has been missed', () => Date.now() > stoppedAt + 1_300, { every: 100 });
      await jobs.start();
      const [skipped] = await until(
        'it is recorded',
        async () => {
          const found = await history.getExecutions('missed', { status: 'skipped', scheduleId: 'often' });
          return found.length > 0 && found;
        },
        { within: 60_000 },
      );
      await schedules.delete('often');
      return skipped!.id;
    },
    expected: (_, id) => ({
      job: 'missed',
      scheduleId: 'often',
      status: 'skipped',
      trigger: 'schedule',
      payload: { day: 1 },
      reason: 'misfire',
      attempts: [],
      steps: [],
      scheduledFor: new Date(id.slice(id.lastIndexOf('@') + 1)),
    }),
  },
];

const stores: [name: string, url: string, isShared: boolean][] = [
  ['memory', 'memory:', false],
  // To open a directory costs seconds and a gigabyte.
  ...inSuite<[string, string, boolean][]>([], [['PGlite', `file:${join(directory, 'data')}`, false]]),
  ...inSuite(storesOfSuite(sharedStores), sharedStores).map(
    ([name, url]) => [name, url, true] as [string, string, boolean],
  ),
];

describe.each(stores)('on %s', (_name, connection, isShared) => {
  const prefix = randomPrefix();
  let app: INestApplicationContext;
  let running: Running;
  let reader: TestChild | undefined;

  beforeAll(async () => {
    @Module({ imports: [JobSchedulerModule.forRoot({ connection, prefix })] })
    class App {}
    const module = await Test.createTestingModule({ imports: [App] }).compile();
    app = module.createNestApplication({ logger: false });
    const jobs = app.get(JobService);
    registerJobs(jobs);
    await app.init();
    running = { jobs, history: app.get(JobHistory), schedules: app.get(ScheduleService) };
    if (!isShared) return;
    reader = startChild('test/history/reader.child.ts', { env: { STORE: connection, PREFIX: prefix } });
    await reader.next('ready');
  });
  afterAll(() => app?.close());

  let asked = 0;

  /** Dates as a process tells them. */
  async function read(what: { id: string } | { job: string }): Promise<unknown> {
    if (reader) {
      const n = ++asked;
      reader.write(JSON.stringify({ n, ...what }));
      return (await reader.next('read', { accepts: (event) => event.n === n })).answer;
    }
    const { history } = running;
    const answer = 'id' in what ? await history.getExecution(what.id) : await history.getExecutions(what.job);
    return JSON.parse(JSON.stringify(answer));
  }

  test.each(CASES)('$name', async ({ act, expected }) => {
    const before = Date.now();
    const id = await act(running);
    const after = Date.now();
    const { job, attempts, steps, scheduledFor, ...rest } = expected(running, id);
    const answer = (await read({ id })) as Record<string, never>;

    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as never;
    const milliseconds = expect.any(Number) as never;
    const wasRun = attempts.length > 0;
    expect(answer).toEqual({
      id,
      job,
      queue: 'default',
      ...rest,
      attempts: attempts.map((attempt) => ({ ...attempt, startedAt: time, finishedAt: time })),
      steps: steps.map((step) => ({ ...step, startedAt: time, ...(!('error' in step) && { finishedAt: time }) })),
      createdAt: time,
      completedAt: time,
      ...(scheduledFor && { scheduledFor: scheduledFor.toISOString() }),
      ...(wasRun && { startedAt: time, durationMs: milliseconds }),
    });

    // Times are those at which it happened, in order.
    const at = (text: unknown) => Date.parse(text as string);
    const told = answer as unknown as JobExecution;
    const events = [before, at(told.createdAt)];
    for (const [n, { startedAt, finishedAt }] of told.attempts.entries()) {
      const run = seen.get(id)![n]!;
      expect(run.attempt).toBe(told.attempts[n]!.attempt);
      events.push(at(startedAt), run.at, at(finishedAt));
    }
    events.push(at(told.completedAt), after);
    expect(events).toEqual(events.toSorted((a, b) => a - b));
    expect(seen.get(id)?.length ?? 0).toBe(told.attempts.length);
    const [first, last] = [told.attempts[0], told.attempts.at(-1)];
    expect(told.startedAt).toEqual(first?.startedAt);
    expect(told.durationMs).toBe(last && at(last.finishedAt) - at(last.startedAt));
    expect(await read({ job: job! })).toContainEqual(answer);
  });
});
