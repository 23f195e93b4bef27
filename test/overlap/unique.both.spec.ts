import { describe, expect, it } from '@jest/globals';
import { scaled, WAIT } from '../support/machine.js';
import { until } from '../support/until.js';
import { Stage, startApp } from './kit.js';
import { everyStore, storesOfSuite } from '../support/stores.js';

describe.each(storesOfSuite(everyStore))('unique jobs on %s', (_name, connection) => {
  const open = (options = {}) => startApp({ connection, ...options });

  it('one while it waits or runs, whatever the payload; the duplicate has the id of the first', async () => {
    const jobs = await open();
    const stage = new Stage();
    stage.register(jobs, 'a:job', { unique: true });
    await jobs.pauseQueue('default');
    const first = await jobs.enqueue('a:job', 1);
    expect(first.duplicate).toBe(false);
    expect(await jobs.enqueue('a:job', 2)).toMatchObject({ id: first.id, job: 'a:job', duplicate: true });
    await jobs.resumeQueue('default');
    const run = await until('it runs', () => stage.runs[0]);
    const second = await jobs.trigger('a:job');
    expect(second).toMatchObject({ id: first.id, duplicate: true });
    run.end();
    expect(await second.finished(WAIT)).toBe(first.id);
    expect(stage.runs).toHaveLength(1);
    expect(await jobs.enqueue('a:job', 3)).toMatchObject({ duplicate: false });
    (await until('it runs again', () => stage.runs[1])).end();
  });

  it('by key, of any text; ids of the user and of jobs that are delayed count, too', async () => {
    const jobs = await open();
    const stage = new Stage();
    const key = (p: { of: string }) => `${p.of}:\0"\ud800${p.of.repeat(300)}`;
    stage.register(jobs, 'keyed', { unique: { key } });
    stage.register(jobs, 'other', { unique: { key } });
    const first = await jobs.enqueueIn('keyed', { of: 'a' }, '1h', { id: 'mine:1' });
    expect(await jobs.enqueue('keyed', { of: 'a' })).toMatchObject({ id: 'mine:1', duplicate: true });
    expect(await jobs.enqueue('keyed', { of: 'a' }, { id: 'yours:2' })).toMatchObject({
      id: 'mine:1',
      duplicate: true,
    });
    expect(await jobs.getStatus('yours:2')).toBeUndefined();
    expect(await jobs.enqueue('keyed', { of: 'b' })).toMatchObject({ duplicate: false });
    expect(await jobs.enqueue('other', { of: 'a' })).toMatchObject({ duplicate: false });
    expect(await jobs.cancel(first.id)).toBe(true);
    expect(await jobs.enqueue('keyed', { of: 'a' })).toMatchObject({ duplicate: false });
    await until('three run', () => stage.going.length === 3);
    for (const run of stage.runs) run.end();
  });

  it('within one batch', async () => {
    const jobs = await open();
    const stage = new Stage();
    stage.register(jobs, 'batch', { unique: { key: (p: number) => String(p % 2) } });
    stage.register(jobs, 'free');
    const handles = await jobs.enqueueMany([
      { job: 'batch', payload: 1 },
      { job: 'free', payload: 2 },
      { job: 'batch', payload: 3 },
      { job: 'batch', payload: 4, options: { id: 'even' } },
      { job: 'batch', payload: 6 },
    ]);
    expect(handles.map(({ duplicate }) => duplicate)).toEqual([false, false, true, false, true]);
    expect(handles[2]!.id).toBe(handles[0]!.id);
    expect(handles[4]!.id).toBe('even');
    await until('three run', () => stage.going.length === 3);
    for (const run of stage.runs) run.end();
    await Promise.all(handles.map((handle) => handle.finished(WAIT)));
  });

  it('every ending frees the key: failed for good, cancelled, retried from the dead letters', async () => {
    const jobs = await open();
    const stage = new Stage();
    stage.register(jobs, 'ends', { unique: true, retry: 0 });
    const failed = await jobs.enqueue('ends');
    (await until('it runs', () => stage.runs[0])).end(new Error('no'));
    await expect(failed.finished(WAIT)).rejects.toMatchObject({ code: 'JOB_FAILED' });
    const cancelled = await jobs.enqueue('ends');
    expect(cancelled.duplicate).toBe(false);
    await until('it runs', () => stage.runs[1]);
    expect(await jobs.cancel(cancelled.id)).toBe(true);
    await expect(cancelled.finished(WAIT)).rejects.toMatchObject({ code: 'JOB_CANCELLED' });
    // One that failed has no key any more: its retry holds back nobody, and frees no other's key.
    await until('it can be retried', () => jobs.retry(failed.id));
    const retried = await until('it runs', () => stage.runs[2]);
    const beside = await jobs.enqueue('ends');
    expect(beside.duplicate).toBe(false);
    retried.end();
    await failed.finished(WAIT);
    expect(await jobs.enqueue('ends')).toMatchObject({ id: beside.id, duplicate: true });
    (await until('it runs', () => stage.runs[3])).end();
    await beside.finished(WAIT);
  });

  it('for a time: also after its end, and no longer', async () => {
    const jobs = await open();
    jobs.register({ name: 'timed', unique: { for: scaled(2_000) } }, () => 'done');
    const first = await jobs.enqueue('timed');
    await first.finished(WAIT);
    const again = await jobs.enqueue('timed');
    expect(again).toMatchObject({ id: first.id, duplicate: true });
    expect(await again.finished(WAIT)).toBe('done');
    await until('its time is over', async () => !(await jobs.enqueue('timed')).duplicate);
  });

  it('a key function that throws, or gives no text: a clear error, and nothing is stored', async () => {
    const jobs = await open();
    const key = (p: { of: unknown }) => {
      if (p.of === 'throws') throw new Error('no such customer');
      return p.of as string;
    };
    jobs.register({ name: 'bad', unique: { key } }, () => undefined);
    await expect(jobs.enqueue('bad', { of: 'throws' })).rejects.toMatchObject({
      code: 'JOB_KEY_INVALID',
      message: expect.stringContaining('unique.key of job "bad" threw: no such customer'),
    });
    await expect(jobs.enqueue('bad', { of: 7 })).rejects.toThrow('unique.key of job "bad" gave 7');
    await expect(jobs.enqueue('bad')).rejects.toMatchObject({ code: 'JOB_KEY_INVALID' });
    expect((await jobs.getQueue('default')).counts).toMatchObject({ pending: 0, active: 0, failed: 0 });
  });
});
