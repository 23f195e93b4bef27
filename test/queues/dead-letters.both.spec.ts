import { describe, expect, it } from '@jest/globals';
import { getQueueToken } from '@nestjs/bullmq';
import { Injectable, Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Queue } from 'bullmq';
import {
  DeadLetters,
  ExecutionNotFailedError,
  ExecutionUnknownError,
  Job,
  JobContext,
  JobHistory,
  JobSchedulerModule,
  JobService,
  JobStep,
} from 'nestjs-job-scheduler';
import { closedAfterEach } from '../support/closed-after-each.js';
import { randomPrefix } from '../support/prefix.js';
import { inSuite } from '../support/suite.js';
import { until } from '../support/until.js';
import { figure } from '../support/figure.js';
import { everyStore, storesOfSuite } from '../support/stores.js';

Logger.overrideLogger(false);

@Injectable()
class Work {
  static isBroken = true;
  static ran: number[] = [];

  @Job({ name: 'work', retry: 0 })
  async work({ n }: { n: number }) {
    Work.ran.push(n);
    if (Work.isBroken) throw new Error(`${n} is broken`);
    return n;
  }

  @Job({ name: 'other', queue: 'low', retry: 0 })
  async other({ n }: { n: number }) {
    if (Work.isBroken) throw new Error(`${n} is broken, too`);
  }

  @Job({ name: 'twice', retry: { max: 1, delay: 0 } })
  async twice(_: unknown, ctx: JobContext) {
    if (Work.isBroken) throw new Error(`attempt ${ctx.attempt}`);
    return ctx.attempt;
  }
}

@Job({ name: 'steps', retry: 0 })
class Steps {
  static ran: string[] = [];

  @JobStep() first() {
    Steps.ran.push('first');
    return 1;
  }

  @JobStep() second(_: unknown, ctx: JobContext) {
    Steps.ran.push('second');
    if (Work.isBroken) throw new Error('the second step');
    return ctx.result<number>('first') + 1;
  }
}

const apps = closedAfterEach<INestApplicationContext>();

async function start(connection: string) {
  @Module({
    imports: [JobSchedulerModule.forRoot({ prefix: randomPrefix(), connection, queues: { default: 3, low: 1 } })],
    providers: [Work, Steps],
  })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
  apps.push(app);
  Work.isBroken = true;
  Work.ran = [];
  Steps.ran = [];
  const letters = app.get(DeadLetters);
  const jobs = app.get(JobService);
  const failed = (count: number) =>
    until(`${count} have failed`, async () => (await letters.count()) === count, { within: 60_000 });
  return { app, jobs, letters, failed, queue: app.get<Queue>(getQueueToken('default')) };
}

const many = (job: string, length: number, from = 0) =>
  Array.from({ length }, (_, n) => ({ job, payload: { n: from + n } }));

describe.each(inSuite(storesOfSuite(everyStore), everyStore))('dead letters on %s', (name, connection) => {
  it('are listed over all queues, newest first, and found by job, queue and age', async () => {
    const { jobs, letters, failed } = await start(connection);
    for (let n = 0; n < 6; n++) await jobs.enqueue(n % 2 === 0 ? 'work' : 'other', { n }, { metadata: { n: `${n}` } });
    await failed(6);
    const seen: unknown[] = [];
    let next: string | undefined;
    do {
      const page = await letters.list({ limit: 4, ...(next !== undefined && { before: next }) });
      seen.push(...page.items);
      next = page.next;
    } while (next !== undefined);
    const times = (seen as { failedAt: Date }[]).map(({ failedAt }) => failedAt.getTime());
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    expect(new Set((seen as { id: string }[]).map(({ id }) => id)).size).toBe(6);

    const { items } = await letters.list({ job: [Work, 'other'] });
    expect(new Set(items.map(({ payload }) => (payload as { n: number }).n))).toEqual(new Set([1, 3, 5]));
    const known = items.find(({ payload }) => (payload as { n: number }).n === 3);
    expect(known).toMatchObject({
      job: 'other',
      queue: 'low',
      error: { message: '3 is broken, too', stack: expect.stringContaining('is broken, too') },
      attempts: 1,
      metadata: { n: '3' },
      createdAt: expect.any(Date),
    });
    expect(await letters.count({ queue: 'low' })).toBe(3);
    expect(await letters.count({ job: 'work', queue: 'low' })).toBe(0);
    expect(await letters.count({ olderThan: '1h' })).toBe(0);
    expect((await letters.list({ before: new Date(times.at(-1)!) })).items).toEqual([]);
    expect((await letters.list({ job: 'gone long ago' })).items).toEqual([]);
  });

  it('are retried and discarded one by one: records agree', async () => {
    const { app, jobs, letters, failed } = await start(connection);
    const [kept, dropped, steps] = await Promise.all([
      jobs.enqueue('twice', {}),
      jobs.enqueue('twice', {}),
      jobs.enqueue(Steps, undefined),
    ]);
    await failed(3);
    expect(await letters.discard(dropped.id)).toBe(1);
    const history = app.get(JobHistory);
    expect(await history.getExecution(dropped.id)).toMatchObject({ status: 'failed', error: { message: 'attempt 2' } });
    await expect(letters.discard(dropped.id)).rejects.toBeInstanceOf(ExecutionNotFailedError);
    await expect(letters.retry(dropped.id)).rejects.toBeInstanceOf(ExecutionNotFailedError);
    await expect(letters.retry('never')).rejects.toBeInstanceOf(ExecutionUnknownError);
    await expect(letters.discard('never')).rejects.toBeInstanceOf(ExecutionUnknownError);

    Work.isBroken = false;
    expect(await letters.retry(kept.id)).toBe(1);
    expect(await letters.retry({ job: Steps })).toBe(1);
    expect(await kept.finished()).toBe(1);
    expect(await steps.finished()).toBe(2);
    expect(Steps.ran).toEqual(['first', 'second', 'second']);
    expect(await history.getExecution(kept.id)).toMatchObject({ status: 'completed' });
    expect((await history.getExecution(kept.id))!.attempts).toHaveLength(3);
    expect(await letters.count()).toBe(0);
  });

  it('one that is retried by BullMQ’s own means runs again, too, and its record goes on', async () => {
    const { app, jobs, failed, queue } = await start(connection);
    const [plain, reset] = await Promise.all([jobs.enqueue('twice', {}), jobs.enqueue('twice', {})]);
    await failed(2);
    Work.isBroken = false;
    await (await queue.getJob(plain.id))!.retry('failed');
    await (await queue.getJob(reset.id))!.retry('failed', { resetAttemptsMade: true });
    const history = app.get(JobHistory);
    for (const [{ id }, attempt] of [
      [plain, 3],
      [reset, 1],
    ] as const) {
      await until('it has completed', async () => (await jobs.getStatus(id)) === 'completed');
      expect(await history.getExecution(id)).toMatchObject({ status: 'completed', result: attempt });
    }
  });

  it('many are retried, and discarded, without holding anybody up', async () => {
    const size = name === 'Redis' ? inSuite(300, 2_000) : inSuite(150, 500);
    const discarded = inSuite(100, 300);
    const { jobs, letters, failed } = await start(connection);
    await jobs.enqueueMany(many('work', size));
    await failed(size);
    Work.isBroken = false;
    Work.ran = [];
    await jobs.pauseQueue('default');
    const asked = performance.now();
    const other = jobs.enqueue('other', { n: 0 }).then((handle) => handle.finished());
    expect(await letters.retry({ job: 'work' })).toBe(size);
    const took = performance.now() - asked;
    await other;
    await jobs.resumeQueue('default');
    await until('all have run', () => Work.ran.length === size, { within: 60_000 });
    expect(await letters.count()).toBe(0);

    Work.isBroken = true;
    await jobs.enqueueMany(many('work', discarded));
    await failed(discarded);
    expect(await letters.discard({ queue: 'default' })).toBe(discarded);
    expect(await letters.count()).toBe(0);
    figure(`${size} dead letters retried on ${name} in ${Math.round(took)} ms`);
  });
});

describe('dead letters', () => {
  it.each([
    [{ limit: 0 }, 'HISTORY_QUERY_INVALID'],
    [{ limit: 201 }, 'HISTORY_QUERY_INVALID'],
    [{ before: 'x' }, 'HISTORY_QUERY_INVALID'],
    [{ before: new Date(NaN) }, 'HISTORY_QUERY_INVALID'],
    [{ queue: 'lwo' }, 'QUEUE_UNKNOWN'],
    [{ job: [Work, 'othr'] }, 'JOB_UNKNOWN'],
    [{ olderThan: 'x' }, expect.any(String)],
  ])('%j is refused', async (query, code) => {
    const { letters } = await start('memory:');
    await expect(letters.list(query as never)).rejects.toMatchObject({ code });
  });

  it('a filter means those that have failed by now: one that fails again at once is not tried for ever', async () => {
    const { jobs, letters, failed } = await start('memory:');
    await jobs.enqueueMany(many('work', 250));
    await failed(250);
    expect(await letters.retry({})).toBe(250);
    await until('all have run twice', () => Work.ran.length === 500);
    await failed(250);
  });
});
