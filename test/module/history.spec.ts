import { describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { defineJob, JobHistory, JobSchedulerModule, ScheduleService } from 'nestjs-job-scheduler';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { startApp, fails, settled, gated } from './history-kit.js';

describe('JobHistory', () => {
  it('pages through a job’s executions, and through those of all jobs', async () => {
    const { jobs, history } = await startApp({ one: () => 1, two: () => 2 });
    const ids: string[] = [];
    for (const job of ['one', 'two', 'one', 'two', 'one']) {
      const handle = await jobs.enqueue(job, undefined);
      await handle.finished();
      ids.unshift(handle.id);
      // Those that end in one millisecond are in an order of their own.
      const endedAt = Date.now();
      await until('the next ends later', () => Date.now() > endedAt, { every: 1 });
    }
    const first = await history.find({ limit: 2 });
    expect(first.items.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    const second = await history.find({ limit: 2, before: first.next! });
    expect(second.items.map(({ id }) => id)).toEqual(ids.slice(2, 4));
    const third = await history.find({ limit: 2, before: second.next! });
    expect(third).toMatchObject({ items: [{ id: ids[4], job: 'one', result: 1 }] });
    expect(third.next).toBeUndefined();
    expect((await history.getExecutions('two')).map(({ id }) => id)).toEqual([ids[1], ids[3]]);
    const { completedAt } = second.items[0]!;
    for (const { completedAt: earlier } of (await history.find({ before: completedAt! })).items)
      expect(earlier! < completedAt!).toBe(true);
  });

  it('lists what runs, waits and is retried, newest first, and leaves them out of the rest', async () => {
    const { open, seen, handler } = gated();
    const { jobs, history } = await startApp(
      {
        runs: handler,
        waits: () => undefined,
        breaks: { retry: { max: 1, delay: '1h' }, handler: () => Promise.reject(new Error('first')) },
      },
      { concurrency: 2 },
    );
    const broken = await jobs.enqueue('breaks', undefined);
    const retrying = await until('it is to be retried', async () => {
      const { items } = await history.find({ status: 'retrying' });
      return items[0];
    });
    expect(retrying).toMatchObject({
      id: broken.id,
      status: 'retrying',
      error: { message: 'first' },
      attempts: [{ attempt: 1, error: { message: 'first' } }],
    });
    const running = [await jobs.enqueue('runs', 1), await jobs.enqueue('runs', 2)];
    await until('both run', () => seen.length === 2);
    const waiting = [await jobs.enqueue('waits', 1), await jobs.enqueue('runs', 3)];
    const delayed = await jobs.enqueueIn('waits', 2, '1h');
    const ids = async (query: Parameters<typeof history.find>[0]) =>
      (await history.find(query)).items.map(({ id }) => id);

    expect((await ids({ status: 'running' })).toSorted()).toEqual(running.map(({ id }) => id).toSorted());
    expect((await ids({ status: 'pending' })).toSorted()).toEqual([...waiting, delayed].map(({ id }) => id).toSorted());
    expect((await ids({ status: 'pending', job: 'waits' })).toSorted()).toEqual(
      [waiting[0]!.id, delayed.id].toSorted(),
    );
    expect(await ids({ status: 'retrying', job: 'waits' })).toEqual([]);
    expect(await ids({ status: 'pending', scheduleId: 'none' })).toEqual([]);
    expect(await ids({})).toEqual([]);
    expect(await history.getExecution(running[0]!.id)).toMatchObject({
      status: 'running',
      payload: 1,
      workerId: jobs.workerId,
      attempts: [{ attempt: 1, workerId: jobs.workerId }],
    });

    const found: string[] = [];
    let before: string | undefined;
    do {
      const page = await history.find({ status: 'pending', limit: 1, ...(before !== undefined && { before }) });
      expect(page.items).toHaveLength(1);
      found.push(page.items[0]!.id);
      before = page.next;
    } while (before !== undefined);
    expect(found.toSorted()).toEqual([...waiting, delayed].map(({ id }) => id).toSorted());
    expect(await ids({ status: 'pending', before: new Date(0) })).toEqual([]);
    await jobs.cancel(broken.id);
    open();
    await waiting[0]!.finished();
  });

  it('gives an execution in each phase of its life', async () => {
    const { open, seen, handler } = gated();
    const { jobs, history } = await startApp({ one: handler });
    expect(await history.getExecution('never')).toBeUndefined();
    const handle = await jobs.enqueueIn('one', { n: 1 }, '20ms', { metadata: { by: 'me' } });
    expect(await history.getExecution(handle.id)).toMatchObject({
      id: handle.id,
      job: 'one',
      queue: 'default',
      status: expect.stringMatching(/pending|running/),
      trigger: 'enqueue',
      payload: { n: 1 },
      metadata: { by: 'me' },
    });
    await until('it runs', () => seen.length === 1);
    expect(await history.getExecution(handle.id)).toMatchObject({ status: 'running' });
    open();
    await handle.finished();
    expect(await history.getExecution(handle.id)).toMatchObject({ status: 'completed', payload: { n: 1 } });
  });

  it('clears a job’s history, and a schedule’s; figures stay', async () => {
    const { app, jobs, history } = await startApp({ one: (_, ctx) => ctx.log('a line'), two: () => 2 });
    const schedules = app.get(ScheduleService);
    await schedules.create({ id: 'mine', job: 'two', schedule: '@yearly' });
    const byHand = await schedules.runNow('mine');
    const others = [await jobs.enqueue('one', undefined), await jobs.enqueue('two', undefined)];
    for (const handle of [byHand, ...others]) await handle.finished();
    expect(await history.getExecutions('two', { scheduleId: 'mine' })).toMatchObject([{ scheduleId: 'mine' }]);
    await until('its line is there', async () => (await history.getLogs(others[0]!.id)).length === 1);
    await history.clearSchedule('mine');
    expect((await history.getExecutions('two')).map(({ id }) => id)).toEqual([others[1]!.id]);
    await history.clear('one');
    expect(await history.getExecutions('one')).toEqual([]);
    expect(await history.getExecution(others[0]!.id)).toBeUndefined();
    expect(await history.getLogs(others[0]!.id)).toEqual([]);
    expect(await history.getAllStats()).toMatchObject([
      { job: 'one', total: 1 },
      { job: 'two', total: 2 },
    ]);
  });

  it('sums up a job', async () => {
    const { jobs, history } = await startApp({ works: () => 1, breaks: fails, idle: () => 1 });
    for (let n = 0; n < 3; n++) await (await jobs.enqueue('works', undefined)).finished();
    await settled(await jobs.enqueue('breaks', undefined));
    const works = await history.getStats('works');
    expect(works).toMatchObject({ job: 'works', total: 3, completed: 3, failed: 0, skipped: 0, cancelled: 0 });
    expect(works.lastRun).toEqual(works.lastSuccess);
    expect(works.lastRun).toBeInstanceOf(Date);
    expect(works).not.toHaveProperty('lastFailure');
    expect(works.minMs).toBeLessThanOrEqual(works.p50Ms);
    expect(works.p50Ms).toBeLessThanOrEqual(works.p95Ms);
    expect(works.p95Ms).toBeLessThanOrEqual(works.maxMs);
    expect(await history.getStats('breaks')).toMatchObject({
      total: 1,
      failed: 1,
      lastFailure: expect.any(Date),
      lastError: { name: 'Error', message: 'no', code: 'E_NO' },
    });
    expect(await history.getStats('idle')).toEqual({
      job: 'idle',
      total: 0,
      completed: 0,
      failed: 0,
      skipped: 0,
      cancelled: 0,
      averageMs: 0,
      minMs: 0,
      maxMs: 0,
      p50Ms: 0,
      p95Ms: 0,
    });
    expect((await history.getAllStats()).map(({ job }) => job)).toEqual(['breaks', 'idle', 'works']);
  });

  it('knows jobs by contract, and those that are gone by what they left; others it refuses', async () => {
    const prefix = randomPrefix();
    const connection = process.env.TEST_REDIS_URL!;
    const first = await startApp({ gone: () => 1 }, { prefix, connection });
    await (await first.jobs.enqueue('gone', undefined)).finished();
    await first.app.close();
    const { history } = await startApp({ report: () => 1 }, { prefix, connection });
    expect(await history.getExecutions('gone')).toHaveLength(1);
    expect(await history.getStats(defineJob('gone'))).toMatchObject({ total: 1 });
    expect(await history.getExecutions(defineJob('elsewhere'))).toEqual([]);
    const unknown = { code: 'JOB_UNKNOWN', message: expect.stringContaining('Did you mean "report"') };
    await expect(history.getExecutions('reprot')).rejects.toMatchObject(unknown);
    await expect(history.getStats('reprot')).rejects.toMatchObject(unknown);
    await expect(history.clear('reprot')).rejects.toMatchObject(unknown);
  });

  it.each([
    ['limit', { limit: 0 }],
    ['limit', { limit: 201 }],
    ['limit', { limit: 1.5 }],
    ['status', { status: 'done' as never }],
    ['before', { before: new Date('x') }],
    ['before', { before: 'no cursor' }],
    ['before', { before: 'no cursor', status: 'running' as const }],
    ['before', { before: 5 as never }],
    ['scheduleId', { scheduleId: 5 as never }],
  ])('refuses a wrong %s: %j', async (field, query) => {
    const { history } = await startApp({});
    await expect(history.find(query)).rejects.toMatchObject({
      code: 'HISTORY_QUERY_INVALID',
      details: { field },
    });
  });

  it('without history there is only what has not ended', async () => {
    const { open, seen, handler } = gated();
    const { jobs, history } = await startApp({ one: handler }, { history: false });
    const handle = await jobs.enqueue('one', undefined);
    await until('it runs', () => seen.length === 1);
    expect(await history.getExecution(handle.id)).toMatchObject({ status: 'running' });
    expect((await history.find({ status: 'running' })).items).toHaveLength(1);
    open();
    await handle.finished();
    expect(await history.getExecution(handle.id)).toBeUndefined();
    expect((await history.find({})).items).toEqual([]);
    expect(await history.getStats('one')).toMatchObject({ total: 0 });
  });

  it('opens the store itself before the app has started, and is refused after its end', async () => {
    const module = await Test.createTestingModule({ imports: [JobSchedulerModule.forRoot()] }).compile();
    expect(await module.get(JobHistory).find({})).toMatchObject({ items: [] });
    await module.init();
    await module.close();
    await expect(module.get(JobHistory).find({})).rejects.toMatchObject({ code: 'NOT_STARTED' });
  });
});
