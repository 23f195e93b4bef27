import { afterEach, describe, expect, test } from '@jest/globals';
import { Worker, type WorkerOptions } from 'bullmq';
import type { FailedPlace } from '#src/store/ports/dead-letter-store.js';
import { toQueueEntry, toQueuedExecution } from '#src/store/codecs/job-envelope.js';
import type { EngineQueue } from '#src/store/ports/ports.js';
import { until } from '../../support/until.js';
import { DAY, newJob } from './fixtures.js';
import type { Subject } from './fixtures.js';

/** BullMQ's failed jobs, many at once. */
export function describeDeadLetters(subject: Subject): void {
  describe('dead letters', () => {
    const opened: { close(): Promise<unknown> }[] = [];

    /** A queue in which these jobs have failed, one after the other, and nobody works. */
    async function failed(name: string, ids: readonly string[], job = (_n: number) => 'report'): Promise<EngineQueue> {
      const queue = subject.store.queues.queue(name);
      opened.push(queue);
      await queue.addBulk(
        ids.map((id, n) =>
          toQueueEntry(newJob(id, { queue: name, job: job(n), payload: { n }, metadata: { n: `${n}` } })),
        ),
      );
      const worker = new Worker(
        name,
        async (each) => {
          throw new Error(`${each.id} is broken`);
        },
        subject.store.queues.workerOptions(name) as WorkerOptions,
        subject.store.queues.backend as never,
      );
      worker.on('error', () => undefined);
      await until('all have failed', async () => (await queue.getFailedCount()) === ids.length);
      await worker.close();
      return queue;
    }
    const named = (name: string, length: number) =>
      Array.from({ length }, (_, n) => `${name}-${String(n).padStart(3, '0')}`);

    afterEach(async () => {
      for (const part of opened.splice(0)) await part.close();
    });

    test('are listed newest first, with all that is known of them, page by page', async () => {
      const ids = named('listed', 25);
      await failed('dead-list', ids);
      const { deadLetters } = subject.store;
      const seen: string[] = [];
      let before: FailedPlace | undefined;
      do {
        const page = await deadLetters.list('dead-list', {}, 7, before);
        seen.push(...page.items.map(({ job }) => job.id!));
        before = page.next;
      } while (before);
      expect(seen).toEqual(ids.toReversed());
      const [newest] = (await deadLetters.list('dead-list', {}, 1)).items;
      expect(toQueuedExecution(newest!.job, 'dead-list')).toMatchObject({
        id: 'listed-024',
        job: 'report',
        payload: { n: 24 },
        metadata: { n: '24' },
        attempt: 2,
        fence: 1,
      });
      expect(newest).toMatchObject({ reason: 'listed-024 is broken', stack: expect.stringContaining('is broken') });
      expect(Math.abs(newest!.failedAt - Date.now())).toBeLessThan(DAY);
    });

    test('are found by job and by time', async () => {
      await failed('dead-find', named('found', 6), (n) => (n % 2 === 0 ? 'even' : 'odd'));
      const { deadLetters } = subject.store;
      const list = async (...more: [{ job?: string; until?: number }, FailedPlace?]) =>
        (await deadLetters.list('dead-find', more[0], 10, more[1])).items;
      expect((await list({ job: 'odd' })).map(({ job }) => job.id)).toEqual(['found-005', 'found-003', 'found-001']);
      expect(await list({ job: 'neither' })).toEqual([]);
      const times = (await list({})).map(({ failedAt }) => failedAt);
      expect(await list({ until: times[0]! })).toHaveLength(6);
      expect(await list({ until: times.at(-1)! - 1 })).toEqual([]);
      expect(await list({}, { at: times.at(-1)! })).toEqual([]);
      expect(await list({}, { at: times[0]! + 1 })).toHaveLength(6);
      expect(await deadLetters.count('dead-find', {})).toBe(6);
      expect(await deadLetters.count('dead-find', { job: 'odd' })).toBe(3);
      expect(await deadLetters.count('dead-find', { until: times.at(-1)! - 1 })).toBe(0);
      expect(await deadLetters.count('dead-none', {})).toBe(0);
      expect((await deadLetters.ids('dead-find', { job: 'even' }, 2)).items).toEqual(['found-000', 'found-002']);
    });

    test('are retried once, the oldest first, with all their attempts', async () => {
      const ids = named('again', 5);
      const queue = await failed('dead-retry', ids);
      const { deadLetters } = subject.store;
      const oldest = await deadLetters.ids('dead-retry', {}, 3);
      expect(oldest.items).toEqual(ids.slice(0, 3));
      expect((await deadLetters.ids('dead-retry', {}, 3, oldest.next)).items).toEqual(ids.slice(3));
      expect(await deadLetters.retry(queue, [...oldest.items, 'never'])).toBe(3);
      expect(await deadLetters.retry(queue, oldest.items)).toBe(0);
      expect((await queue.getWaiting()).map(({ id, attemptsMade }) => [id, attemptsMade])).toEqual(
        oldest.items.map((id) => [id, 0]),
      );
      expect(await queue.getFailedCount()).toBe(2);
      expect(await deadLetters.retry(queue, [])).toBe(0);
    });

    test('are discarded, but for those that wait again', async () => {
      const ids = named('gone', 4);
      const queue = await failed('dead-discard', ids);
      const { deadLetters } = subject.store;
      await deadLetters.retry(queue, [ids[1]!]);
      expect(await deadLetters.discard(queue, [...ids, 'never'])).toBe(3);
      expect(await deadLetters.discard(queue, ids)).toBe(0);
      expect(await deadLetters.discard(queue, [])).toBe(0);
      expect(await queue.getJobCounts('waiting', 'failed')).toMatchObject({ waiting: 1, failed: 0 });
      expect(await queue.getJob(ids[0]!)).toBeUndefined();
      expect((await queue.getJob(ids[1]!))?.id).toBe(ids[1]);
    });

    test('a discarded unique job gives its key back', async () => {
      const queue = subject.store.queues.queue('dead-unique');
      opened.push(queue);
      const entry = (id: string) =>
        toQueueEntry(newJob(id, { queue: 'dead-unique', unique: { key: 'same', for: DAY } }));
      const add = async (id: string) => {
        const { name, data, opts } = entry(id);
        return (await queue.add(name, data, opts)).id;
      };
      await add('unique-1');
      const worker = new Worker(
        'dead-unique',
        async () => {
          throw new Error('broken');
        },
        subject.store.queues.workerOptions('dead-unique') as WorkerOptions,
        subject.store.queues.backend as never,
      );
      worker.on('error', () => undefined);
      await until('it has failed', async () => (await queue.getFailedCount()) === 1);
      await worker.close();
      expect(await add('unique-2')).toBe('unique-1');
      expect(await subject.store.deadLetters.discard(queue, ['unique-1'])).toBe(1);
      expect(await add('unique-3')).toBe('unique-3');
    });
  });
}
