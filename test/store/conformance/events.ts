import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { until } from '../../support/until.js';
import type { Subject } from './fixtures.js';

/** What another version, or another user of BullMQ, may write into a queue's events. */
const RUBBISH: readonly Record<string, string>[] = [
  { event: 'completed', jobId: 'rubbish', returnvalue: '{' },
  { event: 'completed', jobId: 'rubbish' },
  { event: 'completed', returnvalue: '1' },
  { event: 'failed', jobId: 'rubbish' },
  { event: 'progress', jobId: 'rubbish' },
  { event: 'progress', jobId: 'rubbish', data: 'undefined' },
  { event: 'error', jobId: 'rubbish' },
  { event: 'removed' },
  { event: 'unheard-of', jobId: 'rubbish' },
  { event: '__proto__', jobId: 'rubbish', constructor: 'x' },
  { event: '' },
];

export function describeEvents(subject: Subject): void {
  describe('events of a queue', () => {
    const opened: { close(): Promise<unknown> }[] = [];
    const track = <T extends { close(): Promise<unknown> }>(part: T): T => {
      opened.push(part);
      return part;
    };
    afterEach(async () => {
      for (const part of opened.splice(0).toReversed()) await part.close();
      jest.restoreAllMocks();
    });

    test('one that cannot be read is passed over, with one warning, and those after it are heard', async () => {
      const { queues } = subject.store;
      const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
      const name = 'rubbish';
      const writer = track(queues.backend(name, queues.workerOptions(name), {}));
      const write = (fields: Record<string, string>) => writer.publishEvent(fields, 10_000);
      const events = track(queues.events(name));
      const heard: unknown[] = [];
      events.on('completed', ({ jobId, returnvalue }) => heard.push([jobId, returnvalue]));
      events.on('failed', ({ jobId }) => heard.push(jobId));
      events.on('progress', ({ data }) => heard.push(data));
      events.on('removed', ({ jobId }) => heard.push(jobId));
      await events.waitUntilReady();
      await until('it reads', async () => {
        await write({ event: 'removed', jobId: 'first' });
        return heard.length > 0;
      });

      for (const fields of RUBBISH) await write(fields);
      await write({ event: 'completed', jobId: 'good', returnvalue: '{"n":7}' });
      await until('the good one is heard', () => heard.at(-1) !== 'first');
      expect(heard.filter((each) => each !== 'first')).toEqual([['good', { n: 7 }]]);
      // Also where the last thing read is rubbish.
      await write(RUBBISH[0]!);
      await write({ event: 'progress', jobId: 'good', data: 'null' });
      await until('progress is heard', () => heard.at(-1) === null);
      expect(warn.mock.calls.map(([text]) => String(text)).filter((text) => text.includes('cannot be read'))).toEqual([
        expect.stringContaining('An event of queue "rubbish" cannot be read and is passed over: "completed"'),
      ]);
    });
  });
}
