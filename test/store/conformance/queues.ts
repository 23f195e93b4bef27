import { afterEach, describe, expect, test } from '@jest/globals';
import { Worker } from 'bullmq';
import type { Job, WorkerOptions } from 'bullmq';
import { toQueueEntry, toQueuedExecution } from '#src/store/codecs/job-envelope.js';
import type { JobToAdd } from '#src/store/codecs/job-envelope.js';
import { encodeJobId } from '#src/store/names.js';
import type { EngineQueue } from '#src/store/ports/ports.js';
import type { QueuedExecution } from '#src/store/codecs/queued-execution.js';
import { until } from '../../support/until.js';
import { newJob, ODD } from './fixtures.js';
import type { Subject } from './fixtures.js';

export function describeQueues(subject: Subject): void {
  describe('queues', () => {
    const opened: { close(): Promise<unknown> }[] = [];
    const track = <T extends { close(): Promise<unknown> }>(part: T): T => {
      opened.push(part);
      return part;
    };
    const openQueue = (queue: string): EngineQueue => track(subject.store.queues.queue(queue));
    const work = (queue: string, run: (job: Job) => Promise<unknown>, options: Partial<WorkerOptions> = {}) => {
      const worker = new Worker(
        queue,
        run,
        { ...options, ...subject.store.queues.workerOptions(queue) } as WorkerOptions,
        subject.store.queues.backend as never,
      );
      worker.on('error', () => undefined);
      return track(worker);
    };
    const add = async (queue: EngineQueue, job: JobToAdd) => {
      const { name: jobName, data, opts } = toQueueEntry(job);
      return queue.add(jobName, data, opts);
    };

    afterEach(async () => {
      for (const part of opened.splice(0).toReversed()) await part.close();
    });

    test('a job is either taken or removed, never both', async () => {
      const queue = openQueue('either');
      const taken = new Set<string>();
      const removed = new Set<string>();
      const taker = new Worker(
        'either',
        undefined,
        { ...subject.store.queues.workerOptions('either'), autorun: false } as WorkerOptions,
        subject.store.queues.backend as never,
      );
      taker.on('error', () => undefined);
      track(taker);
      const rounds = 40;
      const lanes = 6;
      for (let round = 0; round < rounds; round++) {
        const ids = Array.from({ length: lanes }, (_, n) => `either-${round}-${n}`);
        await queue.addBulk(ids.map((id) => toQueueEntry(newJob(id, { queue: 'either' }))));
        await Promise.all(
          ids.flatMap((id) => [
            taker.getNextJob(`token ${id}`, { block: false }).then((job) => job && taken.add(job.id!)),
            queue
              .remove(encodeJobId(id, 'either'))
              .then((count) => count === 1 && removed.add(encodeJobId(id, 'either'))),
          ]),
        );
      }
      expect([...taken].filter((id) => removed.has(id))).toEqual([]);
      expect(taken.size + removed.size + (await queue.getWaitingCount())).toBe(rounds * lanes);
    });

    test('a job runs, with all that was put into it, and leaves nothing', async () => {
      const queue = openQueue('runs');
      const job = newJob('order:17 "x"', {
        queue: 'runs',
        payload: { text: ODD, nested: [{}, null] },
        trigger: 'catch-up',
        scheduleId: 'code:a:b',
        scheduledFor: 17,
        metadata: { [ODD[0]!]: ODD[2]! },
        overrides: { timeout: 1, retry: { max: 2, backoff: 'fixed' }, retention: { count: 0 } },
        ownId: true,
        maxAttempts: 3,
      });
      await add(queue, job);
      const got = await new Promise<QueuedExecution>((resolve) =>
        work('runs', async (taken) => resolve(toQueuedExecution(taken, 'runs'))),
      );
      expect(got).toEqual({
        id: job.id,
        job: job.job,
        queue: 'runs',
        payload: job.payload,
        trigger: 'catch-up',
        scheduleId: 'code:a:b',
        scheduledFor: 17,
        metadata: job.metadata,
        overrides: job.overrides,
        createdAt: job.createdAt,
        delay: 0,
        attempt: 1,
        maxAttempts: 3,
        fence: 1,
        crashes: 0,
        ownId: true,
      });
      await until('it is gone', async () => !(await queue.getJob(encodeJobId(job.id, 'runs'))));
    });

    test('its payload is the data that Bull Board shows', async () => {
      const queue = openQueue('shown');
      await queue.pause();
      const { id } = await add(queue, newJob('order-1', { queue: 'shown', payload: { to: 'a' } }));
      expect((await queue.getJob(id!))?.data).toEqual({ to: 'a' });
    });

    test.each([[undefined], [null], [false], [0], ['text'], [[]], ['nul \0 and half \ud800']])(
      'the payload %j comes back as it was',
      async (payload) => {
        const queue = openQueue('payloads');
        await add(queue, newJob(subject.newId(), { queue: 'payloads', payload }));
        const got = await new Promise<unknown>((resolve) =>
          work('payloads', async (taken) => resolve(toQueuedExecution(taken, 'payloads').payload)),
        );
        expect(got).toEqual(payload);
      },
    );

    test('a payload of 1 MiB comes back', async () => {
      const queue = openQueue('large');
      const payload = { text: 'ü'.repeat(2 ** 19) };
      await add(queue, newJob(subject.newId(), { queue: 'large', payload }));
      const got = await new Promise<QueuedExecution>((resolve) =>
        work('large', async (taken) => resolve(toQueuedExecution(taken, 'large'))),
      );
      expect((got.payload as typeof payload).text === payload.text).toBe(true);
    });

    test('several in one go', async () => {
      const queue = openQueue('bulk');
      const all = Array.from({ length: 50 }, () => newJob(subject.newId(), { queue: 'bulk' }));
      await queue.addBulk(all.map(toQueueEntry));
      const seen = new Set<string>();
      work('bulk', async (taken) => seen.add(toQueuedExecution(taken, 'bulk').id), { concurrency: 10 });
      await until('all ran', () => seen.size === all.length);
      expect([...seen].toSorted()).toEqual(all.map(({ id }) => id).toSorted());
    });

    test('the same id twice is one job', async () => {
      const queue = openQueue('once');
      await queue.pause();
      await add(queue, newJob('same-1', { queue: 'once' }));
      await add(queue, newJob('same-1', { queue: 'once', payload: { n: 2 } }));
      expect(await queue.getJobCountByTypes('waiting', 'delayed', 'prioritized')).toBe(1);
      expect((await queue.getJob('same-1'))?.data).toEqual({ n: 1 });
    });

    test('a delayed job starts when it is due', async () => {
      const queue = openQueue('delayed');
      const started = new Promise<number>((resolve) => work('delayed', async () => resolve(Date.now())));
      const createdAt = Date.now();
      await add(queue, newJob(subject.newId(), { queue: 'delayed', createdAt, delay: 400 }));
      expect((await started) - createdAt).toBeGreaterThanOrEqual(395);
    });

    test('a failed job is tried again, with a fence that grows, and stays as a dead letter', async () => {
      const queue = openQueue('retried');
      const { id } = await add(queue, newJob(subject.newId(), { queue: 'retried', maxAttempts: 2 }));
      const starts: [attempt: number, fence: number][] = [];
      work('retried', async (taken) => {
        const { attempt, fence } = toQueuedExecution(taken, 'retried');
        starts.push([attempt, fence]);
        throw new Error('no');
      });
      await until('it failed', async () => (await (await queue.getJob(id!))?.getState()) === 'failed');
      expect(starts).toEqual([
        [1, 1],
        [2, 2],
      ]);
      const dead = await queue.getJob(id!);
      expect(toQueuedExecution(dead!, 'retried').maxAttempts).toBe(2);
      await dead!.retry();
      await until('it ran a third time', () => starts.length === 3);
      expect(starts[2]).toEqual([3, 3]);
    });

    test('priorities sort as ours do', async () => {
      const queue = openQueue('sorted');
      const priorities = [0, -1_000_000, 5, 1_000_000, -3, 0, 7];
      for (const priority of priorities)
        await add(queue, newJob(subject.newId(), { queue: 'sorted', priority, prioritized: true, payload: priority }));
      const order: unknown[] = [];
      work('sorted', async (taken) => order.push(toQueuedExecution(taken, 'sorted').payload));
      await until('all ran', () => order.length === priorities.length);
      expect(order).toEqual(priorities.toSorted((a, b) => b - a));
    });

    test('without a prioritized queue, negative ones come last and positive ones first', async () => {
      const queue = openQueue('cheap');
      for (const priority of [0, -5, 5, 0])
        await add(queue, newJob(subject.newId(), { queue: 'cheap', priority, payload: priority }));
      const order: unknown[] = [];
      work('cheap', async (taken) => order.push(toQueuedExecution(taken, 'cheap').payload));
      await until('all ran', () => order.length === 4);
      expect(order).toEqual([5, 0, 0, -5]);
    });

    test('events of other processes arrive', async () => {
      const events = track(subject.store.queues.events('told'));
      await events.waitUntilReady();
      const told = new Promise<string>((resolve) => events.on('completed', ({ jobId }) => resolve(jobId)));
      const queue = openQueue('told');
      work('told', async () => 'done');
      // Its cursor is where the stream ends when it first asks, which nothing tells: so until one is heard.
      const heard = await until('an event is heard', async () => {
        await add(queue, newJob(subject.newId(), { queue: 'told' }));
        return Promise.race([told, new Promise<undefined>((resolve) => setTimeout(resolve, 200))]);
      });
      expect(heard).toMatch(/^run-/);
    });

    test("BullMQ's job schedulers fire", async () => {
      const queue = openQueue('ticks');
      await queue.upsertJobScheduler('every', { every: 200 }, { name: 'tick', data: { a: 1 } });
      const fires: QueuedExecution[] = [];
      work('ticks', async (taken) => fires.push(toQueuedExecution(taken, 'ticks')));
      await until('three fires', () => fires.length >= 3);
      await queue.removeJobScheduler('every');
      expect(fires[0]).toMatchObject({ job: 'tick', trigger: 'schedule', scheduleId: 'every', maxAttempts: 0 });
      expect(new Set(fires.map(({ id }) => id)).size).toBe(fires.length);
    });

    test('a job that plain BullMQ added is read', async () => {
      const queue = openQueue('plain');
      await queue.add('resize', { w: 1 });
      const got = await new Promise<QueuedExecution>((resolve) =>
        work('plain', async (taken) => resolve(toQueuedExecution(taken, 'plain'))),
      );
      expect(got).toMatchObject({
        id: 'bullmq:plain:1',
        job: 'resize',
        payload: { w: 1 },
        maxAttempts: 0,
        ownId: false,
      });
    });

    test('a marker that was passed on reaches a worker that waits', async () => {
      const queue = openQueue('woken');
      const ran: string[] = [];
      const worker = work('woken', async (taken) => ran.push(taken.id!));
      await worker.waitUntilReady();
      await subject.store.queues.passMarkerOn('woken', 0);
      await subject.store.queues.passMarkerOn('woken', Date.now() + 60_000);
      await add(queue, newJob('after-1', { queue: 'woken' }));
      await until('it ran', () => ran.length === 1);
      expect(ran).toEqual(['after-1']);
    });
  });
}
