import { afterEach, describe, expect, test } from '@jest/globals';
import { UnrecoverableError, Worker, type WorkerOptions } from 'bullmq';
import { toQueueEntry, toQueuedExecution } from '#src/store/codecs/job-envelope.js';
import { encodeJobId } from '#src/store/names.js';
import { until } from '../../support/until.js';
import { newJob } from './fixtures.js';
import type { Subject } from './fixtures.js';

export function describePastEnds(subject: Subject): void {
  describe('past ends', () => {
    const opened: { close(): Promise<unknown> }[] = [];
    afterEach(async () => {
      for (const part of opened.splice(0).toReversed()) await part.close();
    });

    test('the events of a queue tell how jobs ended that have left it', async () => {
      const queue = subject.store.queues.queue('past');
      opened.push(queue);
      const names = ['good', 'bad', 'nothing', 'again', 'waits'];
      const ids = Object.fromEntries(names.map((name) => [name, subject.newId()]));
      const jobId = (name: string) => encodeJobId(ids[name]!, 'past');
      for (const name of names.slice(0, 4)) {
        const { name: job, data, opts } = toQueueEntry(newJob(ids[name]!, { queue: 'past', payload: name }));
        await queue.add(job, data, { ...opts, removeOnFail: true });
      }
      const worker = new Worker(
        'past',
        async (taken) => {
          const { payload } = toQueuedExecution(taken, 'past');
          if (payload === 'bad') throw new UnrecoverableError('no');
          return payload === 'nothing' ? undefined : { of: payload };
        },
        subject.store.queues.workerOptions('past') as WorkerOptions,
        subject.store.queues.backend as never,
      );
      worker.on('error', () => undefined);
      await until('all have left', async () => (await queue.getJobCountByTypes('wait', 'active')) === 0);
      await worker.close();
      const entryOf = (id: string) => toQueueEntry(newJob(id, { queue: 'past' }));
      await queue.addBulk(['again', 'waits'].map((name) => entryOf(ids[name]!)));
      const ends = await subject.store.queues.pastEnds('past', [...names.map(jobId), 'never']);
      expect(Object.fromEntries(ends)).toEqual({
        [jobId('good')]: { returnvalue: { of: 'good' } },
        [jobId('bad')]: { failedReason: 'no' },
        [jobId('nothing')]: { returnvalue: null },
      });
      // More than one piece of the stream.
      await queue.addBulk(Array.from({ length: 600 }, () => entryOf(subject.newId())));
      expect((await subject.store.queues.pastEnds('past', [jobId('good')])).size).toBe(1);
    });

    test('delayed jobs say when they are due, and no others', async () => {
      const queue = subject.store.queues.queue('due');
      opened.push(queue);
      const [soon, late, now] = [subject.newId(), subject.newId(), subject.newId()];
      const delays = { [soon]: 60_000, [late]: 7_200_000, [now]: 0 };
      const from = Date.now();
      for (const [id, delay] of Object.entries(delays)) {
        const { name, data, opts } = toQueueEntry(newJob(id, { queue: 'due', delay }));
        await queue.add(name, data, opts);
      }
      const ids = [soon, late, now].map((id) => encodeJobId(id, 'due'));
      const times = await subject.store.queues.dueTimes('due', [...ids, 'never']);
      expect([...times.keys()].toSorted()).toEqual(ids.slice(0, 2).toSorted());
      for (const [n, id] of [soon, late].entries()) {
        const at = times.get(ids[n]!)!;
        expect(at).toBeGreaterThanOrEqual(from + delays[id]! - 1_000);
        expect(at).toBeLessThanOrEqual(Date.now() + delays[id]!);
      }
      expect((await subject.store.queues.dueTimes('due', [])).size).toBe(0);
    });

    test('dead letters whose own time is over are found, by whatever failed after them', async () => {
      const queue = subject.store.queues.queue('aged');
      opened.push(queue);
      const ages = [3_600_000, 1_000, 86_400_000, 1_000];
      const ids = ages.map(() => subject.newId());
      for (const [n, id] of ids.entries()) {
        const { name, data, opts } = toQueueEntry(newJob(id, { queue: 'aged', keepFailed: ages[n]! }));
        await queue.add(name, data, { ...opts, ...(n === 3 && { removeOnFail: false }) });
      }
      const worker = new Worker(
        'aged',
        async (taken) => {
          taken.opts.removeOnFail = false;
          throw new UnrecoverableError('no');
        },
        subject.store.queues.workerOptions('aged') as WorkerOptions,
        subject.store.queues.backend as never,
      );
      worker.on('error', () => undefined);
      await until('all have failed', async () => (await queue.getFailedCount()) === ids.length);
      await worker.close();
      const { deadLetters } = subject.store;
      const agedIn = async (ms: number) => {
        const { items, next } = await deadLetters.aged('aged', Date.now() + ms);
        expect(next).toBeUndefined();
        return items.map(({ id }) => id).toSorted();
      };
      const raw = ids.map((id) => encodeJobId(id, 'aged'));
      expect(await agedIn(60_000)).toEqual([raw[1]]);
      expect(await agedIn(2 * 3_600_000)).toEqual(raw.slice(0, 2).toSorted());
      expect(await agedIn(48 * 3_600_000)).toEqual(raw.slice(0, 3).toSorted());
      const [first] = (await deadLetters.aged('aged', Date.now() + 48 * 3_600_000)).items;
      const after = { at: first!.failedAt, id: first!.id };
      const rest = await deadLetters.aged('aged', Date.now() + 48 * 3_600_000, after);
      expect(rest.items.map(({ id }) => id)).not.toContain(first!.id);
      expect(rest.items).toHaveLength(2);
    });
  });
}
