import { describe, expect, test } from '@jest/globals';
import { Worker, type WorkerOptions } from 'bullmq';
import type { FailedPlace } from '#src/store/ports/dead-letter-store.js';
import { PAGE_BYTES } from '#src/store/ports/history-store.js';
import { toQueueEntry } from '#src/store/codecs/job-envelope.js';
import { until } from '../../support/until.js';
import { ended, head, newJob, tick } from './fixtures.js';
import type { Subject } from './fixtures.js';

/** Two of them are a page, and a bit. */
const LARGE = 'x'.repeat(PAGE_BYTES / 2 + 1_000);

/** Of five, the middle one is small. */
const textOf = (n: number) => (n === 2 ? 'small' : LARGE);

/** A page is read and sent at one go: it ends with its bytes, however many records were asked for. */
export function describeLargePages(subject: Subject): void {
  describe('large pages', () => {
    test('a list of executions ends with its bytes, and the next page goes on', async () => {
      const job = `large-${subject.newId()}`;
      const ids = Array.from({ length: 5 }, (_, n) => `${job}-${n}`);
      for (const [n, id] of ids.entries()) {
        const at = tick();
        const withResult = head({ startedAt: at, completedAt: at, result: textOf(n) });
        await subject.store.executions.write([ended(id, { job, head: withResult })]);
      }
      const pages: string[][] = [];
      let before: string | undefined;
      do {
        const { items, next } = await subject.store.history.list({ job, limit: 100, before });
        pages.push(items.map(({ id }) => id));
        before = next;
      } while (before !== undefined);
      const [a, b, c, d, e] = ids;
      expect(pages).toEqual([
        [e, d],
        [c, b, a],
      ]);
      await subject.store.history.clear({ job });
    });

    test('a list of dead letters does so, too', async () => {
      const { queues, deadLetters } = subject.store;
      const name = `large-${subject.newId()}`;
      const queue = queues.queue(name);
      const ids = Array.from({ length: 5 }, (_, n) => `${name}-${n}`);
      for (const [n, id] of ids.entries()) {
        const entry = toQueueEntry(newJob(id, { queue: name, payload: textOf(n) }));
        await queue.add(entry.name, entry.data, entry.opts);
      }
      const worker = new Worker(
        name,
        () => Promise.reject(new Error('broken')),
        queues.workerOptions(name) as WorkerOptions,
        queues.backend as never,
      );
      worker.on('error', () => undefined);
      await until('all have failed', async () => (await queue.getFailedCount()) === ids.length);
      await worker.close();
      const pages: unknown[] = [];
      let before: FailedPlace | undefined;
      do {
        const page = await deadLetters.list(name, {}, 100, before);
        pages.push([page.items.length, page.isLarge ?? false]);
        before = page.next;
      } while (before);
      expect(pages).toEqual([
        [2, true],
        [3, false],
      ]);
      await deadLetters.discard(queue, ids);
      await queue.close();
    });
  });
}
