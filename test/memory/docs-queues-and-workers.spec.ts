/** What BullMQ's guide shows of queues, jobs, workers, retries and events, on the memory backend. */
import { describe, expect, test } from '@jest/globals';
import { DelayedError, UnrecoverableError, WaitingError } from 'bullmq';
import { gate } from '../support/gate.js';
import { until } from '../support/until.js';
import { bullOnMemory, once, type MemoryJobOf } from './kit.js';

const bull = bullOnMemory();

describe('queues', () => {
  test('adding jobs, in bulk, too', async () => {
    const queue = bull.queue('Cars');
    await queue.add('paint', { color: 'red' });
    await queue.addBulk([
      { name: 'paint', data: { color: 'blue' } },
      { name: 'wash', data: { color: 'green' }, opts: { delay: 2_000 } },
    ]);
    expect(await queue.getJobCounts('wait', 'delayed')).toEqual({ wait: 2, delayed: 1 });
    expect((await queue.getWaiting()).map((job) => job.data)).toEqual([{ color: 'red' }, { color: 'blue' }]);
  });

  test('auto-removal of jobs: always, all but some, by age', async () => {
    const queue = bull.queue('test', { defaultJobOptions: { removeOnComplete: { count: 2 }, removeOnFail: 1 } });
    const worker = bull.worker('test', async (job) => {
      if (job.name === 'fails') throw new Error('no');
    });
    for (let n = 0; n < 5; n++) await queue.add('works', { n });
    for (let n = 0; n < 3; n++) await queue.add('fails', { n });
    await queue.add('gone', {}, { removeOnComplete: true });
    await once(worker, 'drained');
    expect(await queue.getJobCounts('completed', 'failed')).toEqual({ completed: 2, failed: 1 });
  });

  test('removing jobs: drain, clean, obliterate', async () => {
    const queue = bull.queue('paint');
    const add = (count: number) =>
      queue.addBulk(Array.from({ length: count }, (_, n) => ({ name: 'job', data: { n } })));
    await add(3);
    await queue.add('later', {}, { delay: 60_000 });
    await queue.drain();
    expect(await queue.getJobCounts('wait', 'delayed')).toEqual({ wait: 0, delayed: 1 });
    const worker = bull.worker('paint', async () => 'ok');
    await add(5);
    await once(worker, 'drained');
    expect(await queue.clean(0, 3, 'completed')).toHaveLength(3);
    await expect(queue.obliterate()).resolves.toBeUndefined();
    expect(await queue.getJobCounts()).toMatchObject({ completed: 0, delayed: 0 });
  });

  test('global concurrency, pausing', async () => {
    const queue = bull.queue('limited');
    await queue.setGlobalConcurrency(2);
    let running = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running--;
    };
    await queue.pause();
    for (let n = 0; n < 12; n++) await queue.add('job', { n });
    bull.worker('limited', work, { concurrency: 5 });
    bull.worker('limited', work, { concurrency: 5 });
    expect(await queue.isPaused()).toBe(true);
    await queue.resume();
    await until('all are done', async () => (await queue.getCompletedCount()) === 12);
    expect(most).toBe(2);
    expect(await queue.getGlobalConcurrency()).toBe(2);
  });
});

describe('jobs', () => {
  test('FIFO, LIFO, priorities, delay', async () => {
    const queue = bull.queue('order');
    await queue.add('prio', { n: 5 }, { priority: 10 });
    await queue.add('prio', { n: 4 }, { priority: 5 });
    await queue.add('fifo', { n: 2 });
    await queue.add('fifo', { n: 3 });
    await queue.add('lifo', { n: 1 }, { lifo: true });
    const delayed = await queue.add('delayed', { n: 6 }, { delay: 3_600_000 });
    expect(await queue.getCountsPerPriority([5, 10, 0])).toEqual({ '0': 3, '5': 1, '10': 1 });
    const order: unknown[] = [];
    bull.worker('order', async (job) => void order.push(job.data['n']));
    await until('all but one ran', () => order.length === 5);
    await delayed.promote();
    await until('the last one ran', () => order.length === 6);
    expect(order).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('custom ids, data, progress, logs, results', async () => {
    const queue = bull.queue('jobs');
    const events = bull.events('jobs', { lastEventId: '0' });
    const progress = once<{ data: unknown }>(events, 'progress');
    const job = await queue.add('wall', { color: 'red' }, { jobId: 'my-id' });
    expect((await queue.add('wall', { color: 'pink' }, { jobId: 'my-id' })).id).toBe('my-id');
    await job.updateData({ color: 'blue' });
    bull.worker('jobs', async (taken) => {
      await taken.updateProgress({ half: true });
      await taken.log('first');
      await taken.log('second');
      return taken.data;
    });
    expect(await job.waitUntilFinished(events)).toEqual({ color: 'blue' });
    expect((await progress).data).toEqual({ half: true });
    expect(await queue.getJobLogs('my-id')).toEqual({ logs: ['first', 'second'], count: 2 });
    expect(await (await queue.getJob('my-id'))!.getState()).toBe('completed');
  });

  test('a handler that changes its data changes nothing stored, nor does who added it', async () => {
    const queue = bull.queue('copies');
    const data = { list: [1] };
    const worker = bull.worker('copies', async (job) => {
      (job.data as typeof data).list.push(99);
      const result = { list: [1] };
      setImmediate(() => result.list.push(99));
      return result;
    });
    const done = once(worker, 'completed');
    const { id } = await queue.add('job', data);
    data.list.push(99);
    await done;
    await new Promise((resolve) => setImmediate(resolve));
    const job = await queue.getJob(id!);
    expect(job!.data).toEqual({ list: [1] });
    expect(job!.returnvalue).toEqual({ list: [1] });
  });

  test('promoting, changing delay and priority, removing', async () => {
    const queue = bull.queue('changes');
    const [later, sooner, gone] = await Promise.all([
      queue.add('later', {}, { delay: 60_000 }),
      queue.add('sooner', {}, { delay: 60_000 }),
      queue.add('gone', {}),
    ]);
    await later.changeDelay(50);
    await sooner.promote();
    await gone.remove();
    await expect(gone.remove()).resolves.toBeUndefined();
    const order: string[] = [];
    bull.worker('changes', async (job) => void order.push(job.name));
    await until('both ran', () => order.length === 2);
    expect(order).toEqual(['sooner', 'later']);
    await expect(sooner.promote()).rejects.toThrow(/is not in the delayed state/);
  });
});

describe('workers', () => {
  test('retrying failing jobs with backoff, stopping retries', async () => {
    const queue = bull.queue('foo');
    const starts: number[] = [];
    const worker = bull.worker('foo', async (job) => {
      starts.push(job.attemptsMade);
      if (job.name === 'hopeless') throw new UnrecoverableError('Unrecoverable');
      if (job.attemptsMade < 2) throw new Error('try again');
      return 'at last';
    });
    const done = once(worker, 'completed');
    await queue.add('flaky', {}, { attempts: 3, backoff: { type: 'exponential', delay: 20 } });
    expect((await done).attemptsMade).toBe(3);
    expect(starts).toEqual([0, 1, 2]);
    const failed = once(worker, 'failed');
    await queue.add('hopeless', {}, { attempts: 3 });
    expect(await failed).toMatchObject({ failedReason: 'Unrecoverable', attemptsMade: 1 });
    const [dead] = await queue.getFailed();
    await dead!.retry();
    await until('it failed again', async () => (await queue.getJob(dead!.id!))!.attemptsMade === 2);
  });

  test('custom backoff strategies', async () => {
    const queue = bull.queue('custom');
    const worker = bull.worker(
      'custom',
      async (job) => {
        if (job.attemptsMade === 0) throw new Error('once');
      },
      { settings: { backoffStrategy: (attemptsMade) => attemptsMade * 10 } },
    );
    const done = once(worker, 'completed');
    await queue.add('job', {}, { attempts: 2, backoff: { type: 'custom' } });
    expect((await done).attemptsMade).toBe(2);
  });

  test('a step pattern: a job delays itself, or waits again', async () => {
    const queue = bull.queue('steps');
    const worker = bull.worker('steps', async (job: MemoryJobOf, token) => {
      const { step = 'first' } = job.data as { step?: string };
      if (step === 'first') {
        await job.updateData({ step: 'second' });
        await job.moveToDelayed(Date.now() + 20, token);
        throw new DelayedError();
      }
      if (step === 'second') {
        await job.updateData({ step: 'third' });
        await job.moveToWait(token);
        throw new WaitingError();
      }
      return step;
    });
    const done = once(worker, 'completed');
    await queue.add('job', {});
    expect(await done).toMatchObject({ returnvalue: 'third', attemptsMade: 1, attemptsStarted: 3 });
  });

  test('stalled jobs are taken up again, and fail when they stall too often', async () => {
    const queue = bull.queue('stalls');
    const crashed = bull.worker('stalls', async () => undefined, {
      autorun: false,
      lockDuration: 30,
      skipLockRenewal: true,
      skipStalledCheck: true,
    });
    const { id } = await queue.add('job', {});
    expect((await crashed.getNextJob('token'))?.id).toBe(id);
    let starts = 0;
    const worker = bull.worker('stalls', async () => ++starts, { stalledInterval: 50, maxStalledCount: 1 });
    const stalled = once<string>(worker, 'stalled');
    const done = once(worker, 'completed');
    expect(await stalled).toBe(id);
    expect(await done).toMatchObject({ stalledCounter: 1 });
    expect(starts).toBe(1);
  });

  test('worker concurrency, and workers that are listed', async () => {
    const queue = bull.queue('busy');
    let running = 0;
    let most = 0;
    const { opened, open } = gate();
    const worker = bull.worker(
      'busy',
      async () => {
        most = Math.max(most, ++running);
        // Nobody ends before all are at work.
        if (most === 5) open();
        await opened;
        running--;
      },
      { concurrency: 5, name: 'painter' },
    );
    await queue.addBulk(Array.from({ length: 20 }, (_, n) => ({ name: 'job', data: { n } })));
    await once(worker, 'drained');
    expect(most).toBe(5);
    expect(await queue.getWorkers()).toHaveLength(1);
    await worker.close();
    expect(await queue.getWorkers()).toHaveLength(0);
  });

  test('pausing and resuming a worker; closing waits for its job', async () => {
    const queue = bull.queue('pauses');
    const ran: unknown[] = [];
    const { opened, open } = gate();
    const worker = bull.worker('pauses', async (job) => {
      await opened;
      ran.push(job.data['n']);
    });
    await worker.waitUntilReady();
    await worker.pause();
    await queue.add('job', { n: 1 });
    expect(await queue.getWaitingCount()).toBe(1);
    await worker.resume();
    await until('it has begun', async () => (await queue.getActiveCount()) === 1);
    const closed = worker.close();
    open();
    await closed;
    expect(ran).toEqual([1]);
  });

  test('metrics', async () => {
    const queue = bull.queue('measured');
    const worker = bull.worker('measured', async () => 1, { metrics: { maxDataPoints: 60 } });
    await queue.addBulk([1, 2, 3].map((n) => ({ name: 'job', data: { n } })));
    await once(worker, 'drained');
    expect(await queue.getMetrics('completed')).toMatchObject({ meta: { count: 3 }, count: 0 });
  });
});

describe('events', () => {
  test('of every state, and custom ones', async () => {
    const queue = bull.queue('Paint');
    const events = bull.events('Paint', { lastEventId: '0' });
    const seen: string[] = [];
    for (const event of ['added', 'waiting', 'active', 'completed', 'failed', 'drained'] as const) {
      events.on(event, () => void seen.push(event));
    }
    const worker = bull.worker('Paint', async (job) => {
      if (job.name === 'fails') throw new Error('no');
      return { painted: true };
    });
    await queue.add('works', {});
    await once(worker, 'completed');
    await queue.add('fails', {});
    await until(
      'all is told',
      () => seen.includes('failed') && seen.filter((event) => event === 'drained').length === 2,
    );
    expect(seen).toEqual([
      'added',
      'waiting',
      'active',
      'completed',
      'drained',
      'added',
      'waiting',
      'active',
      'failed',
      'drained',
    ]);

    const producer = bull.producer('Paint');
    const custom = once<{ who: string }>(events, 'mine');
    await producer.publishEvent({ eventName: 'mine', who: 'me' });
    expect(await custom).toEqual({ who: 'me' });
  });

  test('the newest ones are kept', async () => {
    const queue = bull.queue('short', { streams: { events: { maxLen: 10 } } });
    for (let n = 0; n < 500; n++) await queue.add('job', { n });
    const events = bull.events('short', { lastEventId: '0' });
    const ids: string[] = [];
    events.on('waiting', ({ jobId }) => void ids.push(jobId));
    await until('the last one is told', () => ids.includes('500'));
    expect(ids.length).toBeLessThan(100);
  });
});
