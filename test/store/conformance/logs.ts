import { describe, expect, test } from '@jest/globals';
import type { LogEntry, LogLineEntry, LogStore, StoredLog } from '#src/store/ports/log-store.js';
import { until } from '../../support/until.js';
import { DAY, ended, ODD, retried } from './fixtures.js';
import type { Subject } from './fixtures.js';

const line = (executionId: string, job: string, message: string, more: Partial<LogLineEntry> = {}): LogLineEntry => ({
  kind: 'line',
  executionId,
  job,
  at: 1_000,
  attempt: 1,
  level: 'log',
  message,
  ...more,
});

export function describeLogs(subject: Subject): void {
  describe('logs', () => {
    const logs = (): LogStore => subject.store.logs;
    let batches = 0;
    const append = (entries: readonly LogEntry[], { keep = DAY, writer = 'writer', number = ++batches } = {}) =>
      logs().append({ writer, number, writes: entries.map((entry) => ({ entry, keep })) });
    const messages = (stored: readonly StoredLog[]) =>
      stored.map((each) => (each.kind === 'line' ? each.message : each.status));
    const many = (id: string, job: string, from: number, to: number) =>
      Array.from({ length: to - from }, (_, n) => line(id, job, `line ${from + n}`));

    test('what was appended is read as it was, in order, from any place on', async () => {
      const [id, job] = [subject.newId(), subject.newId()];
      const full = line(id, job, 'full', {
        scheduleId: 'nightly',
        step: 'load',
        level: 'warn',
        data: { n: [1, null] },
      });
      const end: LogEntry = { kind: 'end', executionId: id, job, at: 2_000, status: 'completed' };
      const stored = await append([line(id, job, 'bare'), full, end]);
      expect(stored).toEqual([
        { ...line(id, job, 'bare'), seq: 1, number: 1 },
        { ...full, seq: 2, number: 2 },
        { ...end, seq: 3, number: 2 },
      ]);
      expect(await logs().ofExecution(id, 0, 100)).toEqual(stored);
      expect(await logs().ofJob(job, 0, 100)).toEqual(stored);
      expect(await logs().ofExecution(id, 1, 1)).toEqual([stored[1]]);
      expect(await logs().ofJob(job, 2, 100)).toEqual([stored[2]]);
      expect(await logs().ofJob(job, 3, 100)).toEqual([]);
      expect(await logs().latest(job)).toBe(3);
    });

    test('nothing is known of what never logged', async () => {
      expect(await logs().ofExecution(subject.newId(), 0, 10)).toEqual([]);
      expect(await logs().ofJob(subject.newId(), 0, 10)).toEqual([]);
      expect(await logs().latest(subject.newId())).toBe(0);
      expect(await append([])).toEqual([]);
    });

    test('executions of a job share its places, and have lines of their own', async () => {
      const [job, first, second, other] = [subject.newId(), subject.newId(), subject.newId(), subject.newId()];
      await append([line(first, job, 'a1'), line(second, job, 'b1', { scheduleId: 's' }), line(other, other, 'c1')]);
      await append([line(second, job, 'b2', { scheduleId: 's' }), line(first, job, 'a2')]);
      const ofJob = await logs().ofJob(job, 0, 100);
      expect(messages(ofJob)).toEqual(['a1', 'b1', 'b2', 'a2']);
      expect(ofJob.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
      expect(ofJob.map(({ number }) => number)).toEqual([1, 1, 2, 2]);
      expect(messages(await logs().ofExecution(first, 0, 100))).toEqual(['a1', 'a2']);
      expect(messages(await logs().ofJob(job, 0, 100, 's'))).toEqual(['b1', 'b2']);
      expect(messages(await logs().ofJob(job, 2, 100, 's'))).toEqual(['b2']);
      expect(await logs().latest(other)).toBe(1);
    });

    test('a batch that is sent again is stored once, and answered as before', async () => {
      const [id, job] = [subject.newId(), subject.newId()];
      if (subject.store.kind === 'memory') return;
      const entries = [line(id, job, 'one'), line(id, job, 'two')];
      const first = await append(entries, { writer: id, number: 1 });
      expect(await append(entries, { writer: id, number: 1 })).toEqual(first);
      expect(await append([line(id, job, 'three')], { writer: id, number: 2 })).toMatchObject([{ seq: 3, number: 3 }]);
      expect(messages(await logs().ofExecution(id, 0, 10))).toEqual(['one', 'two', 'three']);
    });

    test('1,000 lines of an execution are kept; the first one tells how many went', async () => {
      const [id, job] = [subject.newId(), subject.newId()];
      for (let from = 0; from < 2_500; from += 500) await append(many(id, job, from, from + 500));
      const kept = await logs().ofExecution(id, 0, 5_000);
      expect(kept).toHaveLength(1_000);
      expect(kept[0]).toMatchObject({ message: 'line 1500', number: 1_501, seq: 1_501 });
      expect(kept.at(-1)).toMatchObject({ message: 'line 2499', number: 2_500 });
      // An end takes the place of no line.
      await append([{ kind: 'end', executionId: id, job, at: 2_000, status: 'completed' }]);
      expect(await logs().ofExecution(id, 0, 1)).toMatchObject([{ message: 'line 1500' }]);
      expect(await logs().ofExecution(id, kept.at(-1)!.seq, 5)).toMatchObject([{ kind: 'end', number: 2_500 }]);
      // Another execution's lines take none of them away, but the job's tail goes on with the newest.
      const other = subject.newId();
      await append(many(other, job, 0, 400));
      expect(await logs().ofExecution(id, 0, 5_000)).toHaveLength(1_000);
      const tail = await logs().ofJob(job, 0, 5_000);
      expect(tail).toHaveLength(1_000);
      expect(tail[0]).toMatchObject({ executionId: id, message: 'line 1901' });
      expect(tail.at(-1)).toMatchObject({ executionId: other, message: 'line 399' });
      expect(messages(await logs().ofJob(job, 2_501, 2))).toEqual(['line 0', 'line 1']);
    });

    test('writers at once: every place is given once, and none is seen before those ahead of it', async () => {
      const [a, b] = [subject.newId(), subject.newId()];
      const writers = 8;
      const seen: number[][] = [];
      const writing = new AbortController();
      const reader = (async () => {
        for (let after = 0; !writing.signal.aborted || after < writers * 40;) {
          const read = (await logs().ofJob(a, after, 100)).map(({ seq }) => seq);
          seen.push(read);
          after = read.at(-1) ?? after;
        }
      })();
      await Promise.all(
        Array.from({ length: writers }, async (_, side) => {
          for (let n = 0; n < 20; n++) {
            const entries = [
              line(`${a}-${side}`, a, `${n}`),
              line(`${b}-${side}`, b, `${n}`),
              line(`${a}-${side}`, a, ''),
            ];
            await append(side % 2 ? entries : entries.toReversed(), { writer: `${a}-${side}`, number: n });
          }
        }),
      );
      writing.abort();
      await reader;
      expect(seen.flat()).toEqual(Array.from({ length: writers * 40 }, (_, n) => n + 1));
      expect(await logs().latest(b)).toBe(writers * 20);
      const own = await logs().ofExecution(`${a}-0`, 0, 100);
      expect(own.map(({ number }) => number)).toEqual(own.map((_, n) => n + 1));
    });

    test('dropped lines are gone, from the job’s tail, too; places go on', async () => {
      const [job, first, second] = [subject.newId(), subject.newId(), subject.newId()];
      await append([line(first, job, 'a1'), line(second, job, 'b1'), line(first, job, 'a2')]);
      await logs().drop([first, subject.newId()]);
      await logs().drop([]);
      expect(await logs().ofExecution(first, 0, 10)).toEqual([]);
      expect(messages(await logs().ofJob(job, 0, 10))).toEqual(['b1']);
      await logs().drop([second]);
      expect(await logs().ofJob(job, 0, 10)).toEqual([]);
      expect(await logs().ofExecution(second, 0, 10)).toEqual([]);
      expect(await logs().latest(job)).toBe(3);
      expect(await append([line(second, job, 'again')])).toMatchObject([{ seq: 4, number: 1 }]);
    });

    test('entries end by themselves when no record’s pruning drops them', async () => {
      const [job, id] = [subject.newId(), subject.newId()];
      await append([line(id, job, 'short')], { keep: 60 });
      await until('it has ended', async () => (await logs().ofExecution(id, 0, 10)).length === 0);
      expect(await logs().ofJob(job, 0, 10)).toEqual([]);
    });

    test('lines go with their execution’s record', async () => {
      const [job, first, second] = [subject.newId(), subject.newId(), subject.newId()];
      const keep = { count: 1, age: DAY };
      await append([line(first, job, 'a1'), line(second, job, 'b1')], { keep: 2 * DAY });
      await subject.store.executions.write([ended(first, { job, keep })]);
      expect(messages(await logs().ofJob(job, 0, 10))).toEqual(['a1', 'b1']);
      await subject.store.executions.write([retried(second, 1, { job, keep })]);
      expect(messages(await logs().ofJob(job, 0, 10))).toEqual(['a1', 'b1']);
      await subject.store.executions.write([ended(second, { job, fence: 2, keep })]);
      expect(await logs().ofExecution(first, 0, 10)).toEqual([]);
      expect(messages(await logs().ofJob(job, 0, 10))).toEqual(['b1']);
    });

    test.each(ODD)('odd text %j survives everywhere', async (odd) => {
      const [id, job, scheduleId] = [subject.newId() + odd, subject.newId() + odd, `s${odd}`];
      const entry = line(id, job, odd, { scheduleId, step: odd, data: { [odd]: odd } });
      const stored = await append([entry]);
      expect(stored).toMatchObject([entry]);
      expect(await logs().ofExecution(id, 0, 10)).toEqual(stored);
      expect(await logs().ofJob(job, 0, 10, scheduleId)).toEqual(stored);
    });
  });
}
