import { afterEach, describe, expect, test } from '@jest/globals';
import { QueueFullError } from '#src/errors/queue-errors.js';
import { toQueueEntry, type JobToAdd } from '#src/store/codecs/job-envelope.js';
import type { EngineQueue } from '#src/store/ports/ports.js';
import { newJob } from './fixtures.js';
import type { Subject } from './fixtures.js';

/** Queues in which a number of jobs at most may wait. */
export function describeBounds(subject: Subject): void {
  describe('bounded queues', () => {
    const opened: EngineQueue[] = [];
    const open = (name: string, maxWaiting?: number): EngineQueue => {
      const queue = subject.store.queues.queue(name, { maxWaiting });
      opened.push(queue);
      return queue;
    };
    const entry = (queue: EngineQueue, id: string, more: Partial<JobToAdd> = {}) =>
      toQueueEntry(newJob(id, { queue: queue.name, ...more }));
    const add = (queue: EngineQueue, id: string, more: Partial<JobToAdd> = {}) => {
      const { name, data, opts } = entry(queue, id, more);
      return queue.add(name, data, opts);
    };
    const counts = (queue: EngineQueue) => queue.getJobCounts('waiting', 'prioritized', 'delayed');

    afterEach(async () => {
      for (const queue of opened.splice(0)) await queue.close();
    });

    test('of many adds at once exactly as many come in as there is room for', async () => {
      const queue = open('bound-exact', 7);
      const added = await Promise.allSettled(
        Array.from({ length: 40 }, (_, n) =>
          add(queue, `exact-${n}`, n % 3 === 0 ? { priority: 5, prioritized: true } : {}),
        ),
      );
      const refused = added.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
      expect(refused).toHaveLength(33);
      for (const error of refused) expect(error).toBeInstanceOf(QueueFullError);
      expect(refused[0]).toMatchObject({ code: 'QUEUE_FULL', details: { queue: 'bound-exact', limit: 7, jobs: 1 } });
      const { waiting, prioritized } = await counts(queue);
      expect(waiting! + prioritized!).toBe(7);
    });

    test('what is added is as it would be without a bound', async () => {
      const [free, bounded] = [open('bound-free'), open('bound-same', 10)];
      const more: Partial<JobToAdd>[] = [
        {},
        { priority: 3, prioritized: true },
        { payload: { text: 'é "quoted"' }, metadata: { a: 'b' }, maxAttempts: 4 },
        { delay: 60_000 },
      ];
      for (const queue of [free, bounded]) {
        for (const [n, each] of more.entries()) await add(queue, `same-one-${n}`, { createdAt: 1_000, ...each });
        await queue.addBulk(more.map((each, n) => entry(queue, `same-many-${n}`, { createdAt: 1_000, ...each })));
      }
      expect(await counts(bounded)).toEqual(await counts(free));
      for (const n of more.keys()) {
        for (const id of [`same-one-${n}`, `same-many-${n}`]) {
          const [plain, kept] = [(await free.getJob(id))!.asJSON(), (await bounded.getJob(id))!.asJSON()];
          expect(kept).toEqual(plain);
        }
      }
    });

    test('a batch goes in as a whole, or not at all', async () => {
      const queue = open('bound-batch', 5);
      const batch = (name: string, length: number) => Array.from({ length }, (_, n) => entry(queue, `${name}-${n}`));
      await queue.addBulk(batch('first', 3));
      await expect(queue.addBulk(batch('second', 3))).rejects.toMatchObject({
        code: 'QUEUE_FULL',
        details: { limit: 5, jobs: 3 },
      });
      expect((await counts(queue)).waiting).toBe(3);
      const added = await queue.addBulk(batch('third', 2));
      expect(added.map(({ id }) => id)).toEqual(['third-0', 'third-1']);
      expect((await counts(queue)).waiting).toBe(5);
    });

    test('jobs for later need no room, and neither does what is not added', async () => {
      const queue = open('bound-exempt', 2);
      const unique = { key: 'same', for: undefined };
      await add(queue, 'exempt-1', { unique });
      await add(queue, 'exempt-2');
      await expect(add(queue, 'exempt-3')).rejects.toThrow('maxWaiting');
      await add(queue, 'exempt-later', { delay: 60_000 });
      expect((await add(queue, 'exempt-2')).id).toBe('exempt-2');
      expect((await add(queue, 'exempt-4', { unique })).id).toBe('exempt-1');
      const mixed = [
        entry(queue, 'exempt-2'),
        entry(queue, 'exempt-5', { unique }),
        entry(queue, 'exempt-6', { delay: 60_000 }),
      ];
      expect((await queue.addBulk(mixed)).map(({ id }) => id)).toEqual(['exempt-2', 'exempt-1', 'exempt-6']);
      await expect(queue.addBulk([...mixed, entry(queue, 'exempt-7')])).rejects.toThrow('maxWaiting');
      expect(await counts(queue)).toMatchObject({ waiting: 2, delayed: 2 });
    });

    test('a batch counts each of its unique jobs and its ids once', async () => {
      const queue = open('bound-doubles', 2);
      const unique = { key: 'same', for: undefined };
      const batch = [
        entry(queue, 'double-1', { unique }),
        entry(queue, 'double-2', { unique }),
        entry(queue, 'double-3'),
        entry(queue, 'double-3'),
      ];
      expect((await queue.addBulk(batch)).map(({ id }) => id)).toEqual([
        'double-1',
        'double-1',
        'double-3',
        'double-3',
      ]);
      expect((await counts(queue)).waiting).toBe(2);
    });

    test('a paused queue has no more room', async () => {
      const queue = open('bound-paused', 2);
      await queue.pause();
      await queue.addBulk([entry(queue, 'paused-1'), entry(queue, 'paused-2', { priority: 1, prioritized: true })]);
      await expect(add(queue, 'paused-3')).rejects.toThrow('maxWaiting');
    });
  });
}
