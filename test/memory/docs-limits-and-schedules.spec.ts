/** What BullMQ's guide shows of deduplication, job schedulers and rate limits, on the memory backend. */
import { describe, expect, jest, test } from '@jest/globals';
import { Worker } from 'bullmq';
import { until } from '../support/until.js';
import { bullOnMemory, once } from './kit.js';

const bull = bullOnMemory();

describe('deduplication', () => {
  test('simple mode: until the job has ended', async () => {
    const queue = bull.queue('paint');
    const first = await queue.add('house', { color: 'white' }, { deduplication: { id: 'customValue' } });
    const second = await queue.add('house', { color: 'red' }, { deduplication: { id: 'customValue' } });
    expect(second.id).toBe(first.id);
    expect(await queue.getDeduplicationJobId('customValue')).toBe(first.id);
    const worker = bull.worker('paint', async (job) => job.data);
    expect((await once(worker, 'completed')).returnvalue).toEqual({ color: 'white' });
    expect((await queue.add('house', {}, { deduplication: { id: 'customValue' } })).id).not.toBe(first.id);
  });

  test('throttle mode: for a time', async () => {
    jest.useFakeTimers();
    const queue = bull.queue('paint');
    const add = () => queue.add('house', {}, { removeOnComplete: true, deduplication: { id: 'house', ttl: 80 } });
    const first = await add();
    const worker = bull.worker('paint', async () => undefined);
    await once(worker, 'completed');
    await jest.advanceTimersByTimeAsync(79);
    expect((await add()).id).toBe(first.id);
    await jest.advanceTimersByTimeAsync(1);
    expect((await add()).id).not.toBe(first.id);
  });

  test('debounce mode: the last one counts, and puts the time off', async () => {
    jest.useFakeTimers();
    const queue = bull.queue('paint');
    const add = (n: number) =>
      queue.add('house', { n }, { delay: 60, deduplication: { id: 'house', ttl: 60, extend: true, replace: true } });
    const ran: unknown[] = [];
    bull.worker('paint', async (job) => void ran.push(job.data['n']));
    const ids: unknown[] = [];
    for (const n of [1, 2, 3]) {
      ids.push((await add(n)).id);
      await jest.advanceTimersByTimeAsync(59);
    }
    expect(new Set(ids).size).toBe(3);
    expect(ran).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(ran).toEqual([3]);
    expect(await queue.getDelayedCount()).toBe(0);
  });

  test('keep last if active: one runs, the newest follows', async () => {
    const queue = bull.queue('paint');
    const ran: unknown[] = [];
    let release!: () => void;
    const gate = new Promise<void>((resolve) => (release = resolve));
    bull.worker('paint', async (job) => {
      ran.push(job.data['n']);
      await gate;
    });
    const add = (n: number) => queue.add('house', { n }, { deduplication: { id: 'house', keepLastIfActive: true } });
    await add(1);
    await until('it runs', () => ran.length === 1);
    for (const n of [2, 3, 4]) await add(n);
    release();
    await until('the last one ran', async () => (await queue.getCompletedCount()) === 2);
    expect(ran).toEqual([1, 4]);
  });

  test('the event, and taking the id away', async () => {
    const queue = bull.queue('paint');
    const events = bull.events('paint', { lastEventId: '0' });
    const told = once<{ jobId: string; deduplicationId: string; deduplicatedJobId: string }>(events, 'deduplicated');
    const job = await queue.add('house', {}, { jobId: 'a1', deduplication: { id: 'house' } });
    await queue.add('house', {}, { jobId: 'a2', deduplication: { id: 'house' } });
    expect(await told).toEqual({ jobId: 'a1', deduplicationId: 'house', deduplicatedJobId: 'a2' });
    expect(await job.removeDeduplicationKey()).toBe(true);
    expect((await queue.add('house', {}, { jobId: 'a3', deduplication: { id: 'house' } })).id).toBe('a3');
    expect(await queue.removeDeduplicationKey('house')).toBe(1);
  });
});

describe('job schedulers', () => {
  test('every: jobs in a row, from a template', async () => {
    const queue = bull.queue('ticks');
    const template = { name: 'every-job', data: { jobData: 'data' }, opts: { removeOnComplete: 2 } };
    const first = await queue.upsertJobScheduler('my-scheduler', { every: 30, limit: 3 }, template);
    const seen: string[] = [];
    bull.worker('ticks', async (job) => void seen.push(`${job.name} ${String(job.data['jobData'])}`));
    await until('three ran', () => seen.length === 3);
    expect(seen).toEqual(Array.from({ length: 3 }, () => 'every-job data'));
    expect(first.repeatJobKey).toBe('my-scheduler');
    expect(await queue.getJobScheduler('my-scheduler')).toMatchObject({ every: 30, limit: 3, name: 'every-job' });
  });

  test('cron patterns; updating and removing', async () => {
    const queue = bull.queue('ticks');
    await queue.upsertJobScheduler('nightly', { pattern: '0 15 3 * * *', tz: 'Europe/Berlin' }, { name: 'report' });
    await queue.upsertJobScheduler('nightly', { pattern: '0 30 3 * * *', tz: 'Europe/Berlin' }, { name: 'report' });
    await queue.upsertJobScheduler('other', { every: 10_000 });
    expect(await queue.getJobSchedulersCount()).toBe(2);
    expect(await queue.getDelayedCount()).toBe(1);
    const [other, nightly] = await queue.getJobSchedulers(0, 9, true);
    expect(other).toMatchObject({ key: 'other', every: 10_000 });
    expect(nightly).toMatchObject({ key: 'nightly', pattern: '0 30 3 * * *', tz: 'Europe/Berlin' });
    const [planned] = await queue.getDelayed();
    await expect(planned!.remove()).rejects.toThrow(/belongs to a job scheduler/);
    expect(await queue.removeJobScheduler('nightly')).toBe(true);
    expect(await queue.removeJobScheduler('nightly')).toBe(false);
    expect(await queue.getDelayedCount()).toBe(0);
  });

  test('an own repeat strategy', async () => {
    const settings = { repeatStrategy: (millis: number) => millis + 20 };
    const queue = bull.queue('ticks', { settings });
    await queue.upsertJobScheduler('mine', { pattern: 'any text' });
    let ran = 0;
    bull.worker('ticks', async () => ++ran, { settings });
    await until('it fires again and again', () => ran >= 3);
    expect(await queue.removeJobScheduler('mine')).toBe(true);
  });
});

describe('rate limits', () => {
  test('a worker limiter', async () => {
    jest.useFakeTimers();
    const queue = bull.queue('limited');
    await queue.addBulk([1, 2, 3, 4].map((n) => ({ name: 'job', data: { n } })));
    const starts: number[] = [];
    bull.worker('limited', async () => void starts.push(Date.now()), { limiter: { max: 2, duration: 150 } });
    await jest.advanceTimersByTimeAsync(149);
    expect(starts).toHaveLength(2);
    expect(await queue.getRateLimitTtl(2)).toBe(1);
    await jest.advanceTimersByTimeAsync(200);
    expect(starts.map((at) => at - starts[0]!)).toEqual([0, 0, 150, 150]);
  });

  test('a global limit', async () => {
    jest.useFakeTimers();
    const queue = bull.queue('limited');
    await queue.setGlobalRateLimit(1, 60);
    await queue.addBulk([1, 2, 3].map((n) => ({ name: 'job', data: { n } })));
    const starts: number[] = [];
    const work = async () => void starts.push(Date.now());
    bull.worker('limited', work);
    bull.worker('limited', work);
    await jest.advanceTimersByTimeAsync(200);
    expect(starts.map((at) => at - starts[0]!)).toEqual([0, 60, 120]);
    expect(await queue.getGlobalRateLimit()).toEqual({ max: 1, duration: 60 });
  });

  test('a manual limit, and its end', async () => {
    const queue = bull.queue('limited');
    let tries = 0;
    const worker = bull.worker(
      'limited',
      async () => {
        if (++tries > 1) return 'ran';
        await worker.rateLimit(60_000);
        throw Worker.RateLimitError();
      },
      { limiter: { max: 1, duration: 500 } },
    );
    const job = await queue.add('job', {});
    await until('it waits again', async () => tries === 1 && (await job.getState()) === 'waiting');
    expect(await queue.getRateLimitTtl()).toBeGreaterThan(1_000);
    await queue.removeRateLimitKey();
    expect(await queue.getRateLimitTtl()).toBe(-2);
    const other = bull.worker('limited', async () => 'ran');
    expect((await once(other, 'completed')).returnvalue).toBe('ran');
  });
});
