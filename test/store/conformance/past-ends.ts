import { afterEach, describe, expect, test } from '@jest/globals';
import { UnrecoverableError, Worker, type WorkerOptions } from 'bullmq';
import { toQueueEntry, toStartedJob } from '../../../libs/job-scheduler/src/store/job-envelope.js';
import { encodeJobId } from '../../../libs/job-scheduler/src/store/names.js';
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
          const { payload } = toStartedJob(taken, 'past');
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
  });
}
