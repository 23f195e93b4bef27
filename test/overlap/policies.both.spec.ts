import { describe, expect, it } from '@jest/globals';
import { JobSnoozeError, type JobHandle } from 'nestjs-job-scheduler';
import { gate } from '../support/gate.js';
import { scaled, WAIT } from '../support/machine.js';
import { until } from '../support/until.js';
import { Stage, startApp } from './kit.js';
import { everyStore, storesOfSuite } from '../support/stores.js';

describe.each(storesOfSuite(everyStore))('on %s', (_name, connection) => {
  const open = (options = {}) => startApp({ connection, ...options });

  it('allow: runs beside each other', async () => {
    const jobs = await open();
    const stage = new Stage();
    stage.register(jobs, 'free');
    await jobs.enqueue('free');
    await jobs.enqueue('free');
    await until('both run', () => stage.going.length === 2);
    expect(stage.most).toBe(2);
    for (const run of stage.runs) run.end();
  });

  it.each(['enqueued', 'triggered'])('skip: an %s run ends as skipped while another is going on', async (how) => {
    const jobs = await open();
    const stage = new Stage();
    stage.register(jobs, 'once', { overlap: 'skip', queue: 'low' });
    const first = await jobs.enqueue('once');
    await until('the first runs', () => stage.going.length === 1);
    const second: JobHandle = how === 'enqueued' ? await jobs.enqueue('once') : await jobs.trigger('once');
    await expect(second.finished(WAIT)).rejects.toMatchObject({ code: 'JOB_SKIPPED', reason: 'overlap' });
    expect(await jobs.getStatus(second.id)).toBe('skipped');
    expect((await jobs.getQueue('low')).counts).toMatchObject({ pending: 0, active: 1, failed: 0 });
    stage.runs[0]!.end();
    await first.finished(WAIT);
    // At once after the end: not skipped.
    const third = await jobs.enqueue('once');
    await until('the third runs', () => stage.runs.length === 2);
    stage.runs[1]!.end();
    expect(await third.finished(WAIT)).toBe(third.id);
  });

  it('wait: runs one after the other, in the order of arrival, without a slot or an attempt', async () => {
    const jobs = await open({ concurrency: 2 });
    const [stage, other] = [new Stage(), new Stage()];
    stage.register(jobs, 'line', { overlap: 'wait' });
    other.register(jobs, 'other');
    const handles: JobHandle[] = [];
    for (let n = 0; n < 5; n++) {
      handles.push(await jobs.enqueue('line', n));
      await until('it has looked', async () => (await jobs.getQueue('default')).counts.active === 1);
    }
    await until('the others wait', async () => (await jobs.getQueue('default')).counts.delayed === 4);
    expect(await jobs.getStatus(handles[4]!.id)).toBe('pending');
    // The second slot is free.
    const beside = await jobs.enqueue('other');
    await until('the other job runs', () => other.going.length === 1);
    other.runs[0]!.end();
    await beside.finished(WAIT);
    for (let n = 0; n < 5; n++) {
      const run = await until('the next runs', () => stage.runs[n]);
      expect(run.payload).toBe(n);
      expect(run.ctx.attempt).toBe(1);
      run.end();
      await handles[n]!.finished(WAIT);
    }
    expect(stage.most).toBe(1);
    const fences = stage.runs.map(({ ctx }) => ctx.fence);
    expect(fences).toEqual([...new Set(fences)].toSorted((a, b) => a - b));
  });

  it('replace: cancels the running one and starts when its handler has ended', async () => {
    const jobs = await open();
    const stage = new Stage();
    stage.register(jobs, 'newest', { overlap: 'replace' });
    const first = await jobs.enqueue('newest', 1);
    await until('the first runs', () => stage.going.length === 1);
    const second = await jobs.enqueue('newest', 2);
    await expect(first.finished(WAIT)).rejects.toMatchObject({ code: 'JOB_CANCELLED', reason: 'replaced' });
    await until('the second runs', () => stage.runs.length === 2);
    expect(stage.runs[0]!.ctx.signal.reason).toMatchObject({ code: 'JOB_CANCELLED' });
    stage.runs[1]!.end();
    expect(await second.finished(WAIT)).toBe(second.id);
    expect(stage.most).toBe(1);
  });

  it('replace: of several that come while a handler ends, only the newest runs', async () => {
    const jobs = await open({ shutdownTimeout: '20s' });
    const starts: number[] = [];
    const first = gate();
    jobs.register({ name: 'slow', overlap: 'replace', retry: 0 }, async (n) => {
      starts.push(n as number);
      if (n === 1) await first.opened;
    });
    const handles = [await jobs.enqueue('slow', 1)];
    await until('the first runs', () => starts.length === 1);
    for (let n = 2; n <= 4; n++) {
      handles.push(await jobs.enqueue('slow', n));
      const before = handles.at(-2)!;
      if (n > 2) await until('the one before has gone', async () => (await jobs.getStatus(before.id)) === 'cancelled');
      await until('it waits, alone', async () => {
        const { delayed, active } = (await jobs.getQueue('default')).counts;
        return delayed === 1 && active === 1;
      });
    }
    first.open();
    await handles[3]!.finished(WAIT);
    expect(starts).toEqual([1, 4]);
    for (const handle of handles.slice(0, 3)) {
      await expect(handle.finished(WAIT)).rejects.toMatchObject({ code: 'JOB_CANCELLED', reason: 'replaced' });
    }
  });

  it('replace: takes over from a handler that ignores its signal, after shutdownTimeout', async () => {
    const jobs = await open({ shutdownTimeout: 400 });
    const fences: number[] = [];
    const deaf = gate();
    jobs.register({ name: 'deaf', overlap: 'replace', retry: 0 }, async (n, ctx) => {
      fences.push(ctx.fence);
      if (n === 1) await deaf.opened;
    });
    const first = await jobs.enqueue('deaf', 1);
    await until('the first runs', () => fences.length === 1);
    const second = await jobs.enqueue('deaf', 2);
    await second.finished(WAIT);
    expect(fences[1]).toBeGreaterThan(fences[0]!);
    deaf.open();
    await expect(first.finished(WAIT)).rejects.toMatchObject({ code: 'JOB_CANCELLED' });
  });

  it('concurrency: at most so many at once, the others in order', async () => {
    const jobs = await open();
    const stage = new Stage();
    stage.register(jobs, 'three', { concurrency: 3 });
    const handles = await jobs.enqueueMany(Array.from({ length: 8 }, (_, n) => ({ job: 'three', payload: n })));
    await until('three run', () => stage.going.length === 3);
    await until('the others wait', async () => (await jobs.getQueue('default')).counts.delayed === 5);
    for (let n = 0; n < 8; n++) {
      const run = await until('it runs', () => stage.going[0]);
      run.end();
      await until('it has ended', () => run.ended);
    }
    await Promise.all(handles.map((handle) => handle.finished(WAIT)));
    expect(stage.most).toBe(3);
    expect(stage.runs.every(({ ctx }) => ctx.attempt === 1)).toBe(true);
  });

  it('a key narrows the lock; a key function that throws, or gives no text, fails the job', async () => {
    const jobs = await open();
    const stage = new Stage();
    const key = (p: { of: unknown }) => {
      if (p.of === 'throws') throw new Error('no such customer');
      return typeof p.of === 'string' ? `${p.of}:\0\ud800` : (p.of as string);
    };
    stage.register(jobs, 'keyed', { overlap: { policy: 'skip', key } });
    await jobs.enqueue('keyed', { of: 'a' });
    await jobs.enqueue('keyed', { of: 'b' });
    await until('both run', () => stage.going.length === 2);
    for (const customer of ['a', 'b']) {
      const beside = await jobs.enqueue('keyed', { of: customer });
      await expect(beside.finished(WAIT)).rejects.toMatchObject({ code: 'JOB_SKIPPED' });
    }
    await expect((await jobs.enqueue('keyed', { of: 'throws' })).finished(WAIT)).rejects.toMatchObject({
      code: 'JOB_FAILED',
      message: expect.stringMatching(/overlap\.key of job "keyed" threw: no such customer/),
    });
    await expect((await jobs.enqueue('keyed', { of: 7 })).finished(WAIT)).rejects.toThrow(/gave 7/);
    for (const run of stage.runs) run.end();
  });

  it('a retry keeps the lock through its backoff, under a new fence', async () => {
    const jobs = await open({ lockDuration: scaled(1_000) });
    const stage = new Stage();
    stage.register(jobs, 'again', { overlap: 'skip', retry: { max: 1, delay: scaled(1_500), backoff: 'fixed' } });
    const first = await jobs.enqueue('again');
    const run = await until('it runs', () => stage.runs[0]);
    run.end(new Error('once'));
    await until('it waits for its retry', async () => (await jobs.getStatus(first.id)) === 'retrying');
    // Its lease would have run out once.
    while (stage.runs.length < 2) {
      const beside = await jobs.enqueue('again');
      await expect(beside.finished(WAIT)).rejects.toMatchObject({ code: 'JOB_SKIPPED' });
    }
    const second = await until('it runs again', () => stage.runs[1]);
    expect(second.ctx.attempt).toBe(2);
    expect(second.ctx.fence).toBeGreaterThan(run.ctx.fence);
    second.end();
    await first.finished(WAIT);
  });

  it('every ending frees the lock', async () => {
    const jobs = await open();
    const stage = new Stage();
    stage.register(jobs, 'ends', { overlap: 'skip', retry: 0 });
    const next = async (options?: { timeout: number }): Promise<[JobHandle, Stage['runs'][number]]> => {
      const count = stage.runs.length;
      const handle = await jobs.enqueue('ends', undefined, options);
      return [handle, await until('it runs', () => stage.runs[count])];
    };
    const [completed, run] = await next();
    run.end();
    await completed.finished(WAIT);
    const [failed, failing] = await next();
    failing.end(new Error('no'));
    await expect(failed.finished(WAIT)).rejects.toMatchObject({ code: 'JOB_FAILED' });
    const [cancelled] = await next();
    await jobs.cancel(cancelled.id, 'enough');
    await expect(cancelled.finished(WAIT)).rejects.toMatchObject({ code: 'JOB_CANCELLED' });
    const [late] = await next({ timeout: 300 });
    await expect(late.finished(WAIT)).rejects.toMatchObject({ code: 'JOB_FAILED' });
    const [snoozed, snoozing] = await next();
    snoozing.end(new JobSnoozeError('1h'));
    await until('it snoozes', async () => (await jobs.getQueue('default')).counts.delayed === 1);
    // A snooze is told to the queue first, and frees the lock then.
    const last = await until('one runs', async () => {
      const handle = await jobs.enqueue('ends');
      await until('it runs, or is skipped', async () => (await jobs.getStatus(handle.id)) !== 'pending');
      return (await jobs.getStatus(handle.id)) !== 'skipped' && handle;
    });
    (await until('it runs', () => stage.going[0])).end();
    await last.finished(WAIT);
    expect(await jobs.cancel(snoozed.id)).toBe(true);
  });

  it('who waits can be cancelled, and the next one moves up', async () => {
    const jobs = await open();
    const stage = new Stage();
    stage.register(jobs, 'moves', { overlap: 'wait' });
    const handles: JobHandle[] = [];
    for (let n = 0; n < 3; n++) {
      handles.push(await jobs.enqueue('moves', n));
      await until('it has looked', async () => {
        const { active, delayed } = (await jobs.getQueue('default')).counts;
        return active === 1 && delayed === n;
      });
    }
    expect(await jobs.cancel(handles[1]!.id)).toBe(true);
    stage.runs[0]!.end();
    (await until('the third runs', () => stage.runs[1])).end();
    expect(await handles[2]!.finished(WAIT)).toBe(handles[2]!.id);
    expect(stage.runs.map(({ payload }) => payload)).toEqual([0, 2]);
  });

  it('a key and a bound together: one for each key, two in all', async () => {
    const jobs = await open();
    const stage = new Stage();
    const key = (p: { of: string }) => p.of;
    stage.register(jobs, 'both', { overlap: { policy: 'wait', key }, concurrency: 2 });
    const handles = await jobs.enqueueMany(
      ['a', 'a', 'b', 'b', 'c', 'c'].map((of) => ({ job: 'both', payload: { of } })),
    );
    for (let n = 0; n < 6; n++) {
      const run = await until('one runs', () => stage.going[0]);
      const keys = stage.going.map(({ payload }) => (payload as { of: string }).of);
      expect(new Set(keys).size).toBe(keys.length);
      run.end();
      await until('it has ended', () => run.ended);
    }
    await Promise.all(handles.map((handle) => handle.finished(WAIT)));
    expect(stage.most).toBeLessThanOrEqual(2);
  });
});
