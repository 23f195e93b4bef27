/** Texts that a store may refuse or change: NUL, halves of surrogate pairs, names that every object has, the order of keys. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable, Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  Job,
  JobCancelError,
  JobContext,
  JobHistory,
  JobSchedulerModule,
  JobService,
  LockService,
  ScheduleService,
} from 'nestjs-job-scheduler';
import { randomPrefix } from '../support/prefix.js';
import { everyStore, storesOfSuite } from '../support/stores.js';

Logger.overrideLogger(false);

const BAD = ['a\0b', '\ud83d', 'x\udc00y'];

@Injectable()
class Desk {
  @Job({ name: 'echo' })
  echo(payload: unknown) {
    return JSON.stringify(payload);
  }

  @Job({ name: 'talk', retry: 0 })
  async talk(text: string, ctx: JobContext) {
    ctx.log(BAD.join(' '));
    // The pair is where a line is cut.
    ctx.log(`${'x'.repeat(16_383)}😀`);
    ctx.log('data', { of: BAD[0] });
    return text;
  }

  @Job({ name: 'progress', retry: 0 })
  async progress(at: number, ctx: JobContext) {
    await ctx.progress({ at: BAD[at] });
  }

  @Job({ name: 'step', retry: 0 })
  step(at: number, ctx: JobContext) {
    return ctx.step(BAD[at]!, () => 'done');
  }

  @Job({ name: 'fail', retry: 0 })
  fail(at: number) {
    throw Object.assign(new Error(BAD[at]), { code: BAD[at] });
  }

  @Job({ name: 'give-up', retry: 0 })
  giveUp(at: number) {
    throw new JobCancelError(BAD[at]);
  }
}

describe.each(storesOfSuite(everyStore))('texts on %s', (_store, connection) => {
  let app: INestApplicationContext;
  let jobs: JobService;
  let history: JobHistory;

  beforeAll(async () => {
    @Module({ imports: [JobSchedulerModule.forRoot({ connection, prefix: randomPrefix() })], providers: [Desk] })
    class App {}
    app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
    jobs = app.get(JobService);
    history = app.get(JobHistory);
  });
  afterAll(() => app.close());

  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => 'done',
      (error: { code?: unknown; message: string }) => error.code ?? error.message,
    );

  it.each([0, 1, 2])(
    'that cannot be stored (%i) are refused by name in what is enqueued, locked and planned',
    async (n) => {
      const bad = BAD[n]!;
      const schedules = app.get(ScheduleService);
      const schedule = { job: 'echo', schedule: '0 0 1 1 *' };
      const answers = {
        payload: await codeOf(jobs.enqueue('echo', { bad })),
        metadata: await codeOf(jobs.enqueue('echo', 1, { metadata: { bad } })),
        key: await codeOf(jobs.enqueue('echo', 1, { metadata: { [bad]: 'x' } })),
        id: await codeOf(jobs.enqueue('echo', 1, { id: bad })),
        job: await codeOf(jobs.enqueue(bad, 1)),
        queue: await codeOf(jobs.enqueue('echo', 1, { queue: bad })),
        lock: await codeOf(app.get(LockService).acquire(bad, '1m')),
        schedule: await codeOf(schedules.create({ ...schedule, id: bad })),
        ...Object.fromEntries(
          await Promise.all(
            ['name', 'group', 'description'].map(async (field) => [field, await codeOf(schedules.create({ ...schedule, [field]: bad }))]), // prettier-ignore
          ),
        ),
        notes: await codeOf(schedules.create({ ...schedule, metadata: { bad } })),
        known: await codeOf(schedules.get(bad)),
        stats: await codeOf(history.getStats(bad)),
        list: await codeOf(history.find({ job: bad })),
        ofSchedule: await codeOf(history.find({ scheduleId: bad })),
        before: await codeOf(history.find({ before: Buffer.from(JSON.stringify([1, bad])).toString('base64url') })),
        cleared: await codeOf(history.clearSchedule(bad)),
      };
      expect(answers).toEqual({
        payload: 'PAYLOAD_INVALID',
        metadata: 'ENQUEUE_INVALID',
        key: 'ENQUEUE_INVALID',
        id: 'ENQUEUE_INVALID',
        job: 'JOB_UNKNOWN',
        queue: 'QUEUE_UNKNOWN',
        lock: 'LOCK_INVALID',
        schedule: 'SCHEDULE_INVALID',
        name: 'SCHEDULE_INVALID',
        group: 'SCHEDULE_INVALID',
        description: 'SCHEDULE_INVALID',
        notes: 'SCHEDULE_INVALID',
        known: 'SCHEDULE_UNKNOWN',
        stats: 'JOB_UNKNOWN',
        list: 'JOB_UNKNOWN',
        ofSchedule: 'HISTORY_QUERY_INVALID',
        before: 'HISTORY_QUERY_INVALID',
        cleared: 'done',
      });
    },
  );

  it.each([0, 1, 2])('that cannot be stored (%i) do not keep an execution from its end', async (n) => {
    const kept = BAD[n]!.replace(/[\0\p{Surrogate}]/u, '\ufffd');
    const waiting = await jobs.enqueueIn('echo', 1, '1h');
    expect(await jobs.cancel(waiting.id, BAD[n])).toBe(true);
    expect((await history.getExecution(waiting.id))?.reason).toBe(kept);

    const failed = await jobs.enqueue('fail', n);
    expect(await codeOf(failed.finished())).toBe('JOB_FAILED');
    expect((await history.getExecution(failed.id))?.error).toMatchObject({ message: expect.stringContaining(kept) });

    const given = await jobs.enqueue('give-up', n);
    expect(await codeOf(given.finished())).toBe('JOB_CANCELLED');
    expect(await history.getExecution(given.id)).toMatchObject({ status: 'cancelled', reason: kept });

    const told = await jobs.enqueue('progress', n);
    expect(await codeOf(told.finished())).toBe('JOB_FAILED');
    const stepped = await jobs.enqueue('step', n);
    expect(await codeOf(stepped.finished())).toBe('JOB_FAILED');
    expect((await history.getExecution(stepped.id))?.error?.message).toMatch(/is not a step's name/);
  });

  it('in log lines are kept as far as they can be stored', async () => {
    const handle = await jobs.enqueue('talk', 'x');
    await handle.finished();
    const lines = (await history.getLogs(handle.id)).map(({ message }) => message);
    expect(lines).toEqual([
      'a\ufffdb \ufffd x\ufffdy',
      'x'.repeat(16_383),
      expect.stringMatching(/^data \(data is not JSON/),
    ]);
  });

  it('that every object has as names are ids of schedules and executions like others', async () => {
    const schedules = app.get(ScheduleService);
    const names = ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'valueOf'];
    for (const id of names) {
      await schedules.create({ id, job: 'echo', payload: id, schedule: '0 0 1 1 *' });
      expect(await schedules.get(id)).toMatchObject({ id, payload: id });
    }
    expect((await schedules.list()).map(({ id }) => id)).toEqual(names.toSorted());
    for (const id of names) {
      const handle = await schedules.runNow(id);
      expect(await handle.finished()).toBe(JSON.stringify(id));
      expect(await (await jobs.enqueue('echo', { [id]: id }, { id })).finished()).toBe(`{"${id}":"${id}"}`);
      await schedules.delete(id);
    }
    expect(await schedules.list()).toEqual([]);
  });

  it('in a payload keep the order of their keys', async () => {
    const payload = { total: 3, a: 1, nested: [{ name: 'x', id: 1 }, { id: 2, name: 'y' }], é: null }; // prettier-ignore
    const handles = [
      await jobs.enqueue('echo', payload),
      ...(await jobs.enqueueMany([{ job: 'echo', payload }, { job: 'echo', payload: { zz: 1, y: 2 } }])), // prettier-ignore
    ];
    const results = await Promise.all(handles.map((handle) => handle.finished()));
    expect(results).toEqual([JSON.stringify(payload), JSON.stringify(payload), '{"zz":1,"y":2}']);
  });
});
