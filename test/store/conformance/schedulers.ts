import { describe, expect, test } from '@jest/globals';
import type { Subject } from './fixtures.js';

export function describeSchedulers(subject: Subject): void {
  describe('job schedulers', () => {
    test('are read all at once, with what BullMQ keeps of them and whether their next job is there', async () => {
      const queue = subject.store.queues.queue('schedulers');
      const opts = { removeOnComplete: true };
      const far = Date.now() + 86_400_000;
      try {
        const keys = Array.from({ length: 300 }, (_, n) => `code%3Ajob #${n}`);
        await Promise.all(
          keys.map((key, n) =>
            queue.upsertJobScheduler(
              key,
              { pattern: '0 0 1 1 *', tz: 'Europe/Berlin', ...(n === 7 && { startDate: far, endDate: far * 2 }) },
              { name: 'x', data: { n, text: 'ü"' }, opts },
            ),
          ),
        );
        const all = new Map((await subject.store.queues.schedulers('schedulers')).map((each) => [each.key, each]));
        expect([...all.keys()].toSorted()).toEqual(keys.toSorted());
        const next = (await queue.getJobScheduler(keys[7]!))!.next;
        expect(all.get(keys[7]!)).toEqual({
          key: keys[7],
          next,
          pattern: '0 0 1 1 *',
          tz: 'Europe/Berlin',
          startDate: far,
          endDate: far * 2,
          data: { n: 7, text: 'ü"' },
          hasJob: true,
        });
        expect(all.get(keys[8]!)).toMatchObject({ startDate: undefined, endDate: undefined, hasJob: true });

        // As by hand: BullMQ itself refuses to remove a scheduler's next job.
        await queue.clean(0, 1_000, 'delayed');
        const left = await subject.store.queues.schedulers('schedulers', [keys[7]!, 'unknown', keys[8]!]);
        expect(left.map(({ key }) => key).toSorted()).toEqual([keys[7], keys[8]]);
        await queue.removeJobScheduler(keys[7]!);
        expect(await subject.store.queues.schedulers('schedulers', [keys[7]!])).toEqual([]);
      } finally {
        await queue.close();
      }
      expect(await subject.store.queues.schedulers('never used')).toEqual([]);
    });
  });
}
