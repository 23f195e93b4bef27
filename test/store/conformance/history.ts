import { describe, expect, jest, test } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { ExecutionWrite } from '#src/store/ports/execution-record.js';
import type { EndedFilter } from '#src/store/ports/history-store.js';
import { percentile } from '#src/store/codecs/duration-sketch.js';
import { until } from '../../support/until.js';
import { DAY, ended, head, ODD, retried, step, tick } from './fixtures.js';
import type { Subject } from './fixtures.js';

/** One that ended at a time, after so many milliseconds. */
function endedAt(id: string, at: number, more: Partial<ExecutionWrite> = {}, took = 5): ExecutionWrite {
  const times = { startedAt: at - took, completedAt: at };
  return ended(id, {
    head: head({ ...times, ...more.head }),
    attempt: { attempt: 1, startedAt: at - took, finishedAt: at, workerId: 'w1' },
    ...(({ head: _, ...rest }) => rest)(more),
  });
}

export function describeHistory(subject: Subject): void {
  const write = (entries: readonly ExecutionWrite[]) => subject.store.executions.write(entries);
  const idsOf = async (filter: Omit<EndedFilter, 'limit'> & { limit?: number }) =>
    (await subject.store.history.list({ limit: 100, ...filter })).items.map(({ id }) => id);

  /** Walks through all pages. */
  async function pages(filter: EndedFilter): Promise<string[][]> {
    const found: string[][] = [];
    let before = filter.before;
    for (;;) {
      const { items, next } = await subject.store.history.list({ ...filter, before });
      found.push(items.map(({ id }) => id));
      if (next === undefined) return found;
      before = next;
    }
  }

  describe('history', () => {
    test('lists what ended, newest first, each with all that is stored of it', async () => {
      const job = `listed-${subject.newId()}`;
      const [first, second, going] = [subject.newId(), subject.newId(), subject.newId()];
      await write([retried(second, 1, { job }), retried(going, 1, { job })]);
      await write([ended(first, { job, step: step('one', 1) })]);
      await write([ended(second, { job, fence: 2, final: 'failed', step: step('two') })]);
      const { items, next } = await subject.store.history.list({ job, limit: 10 });
      expect(next).toBeUndefined();
      expect(items).toEqual([await subject.store.executions.load(second), await subject.store.executions.load(first)]);
      expect(items[0]!.attempts).toHaveLength(2);
    });

    test('by status, by schedule, by both, and across jobs', async () => {
      const [job, other] = [`a-${subject.newId()}`, `b-${subject.newId()}`];
      const scheduleId = `schedule-${subject.newId()}`;
      const at = tick() + 1_000_000;
      const of = (final: ExecutionWrite['final'], n: number, more: Partial<ExecutionWrite> = {}) =>
        endedAt(`${job}-${n}`, at + n, { job, final: final!, ...more });
      const byIt = { head: head({ scheduleId }) };
      await write([
        of('completed', 1),
        of('failed', 2, byIt),
        of('skipped', 3, byIt),
        of('completed', 4, { ...byIt, job: other }),
        of('cancelled', 5),
        of('completed', 6, byIt),
      ]);
      const n = (ids: string[]) => ids.map((id) => Number(id.slice(job.length + 1)));
      expect(n(await idsOf({ job }))).toEqual([6, 5, 3, 2, 1]);
      expect(n(await idsOf({ job, final: 'completed' }))).toEqual([6, 1]);
      expect(n(await idsOf({ job, final: 'failed' }))).toEqual([2]);
      expect(n(await idsOf({ job, final: 'skipped' }))).toEqual([3]);
      expect(n(await idsOf({ job, final: 'cancelled' }))).toEqual([5]);
      expect(n(await idsOf({ scheduleId }))).toEqual([6, 4, 3, 2]);
      expect(n(await idsOf({ scheduleId, final: 'completed' }))).toEqual([6, 4]);
      expect(n(await idsOf({ scheduleId, job }))).toEqual([6, 3, 2]);
      expect(n(await idsOf({ scheduleId, job, limit: 2 }))).toEqual([6, 3]);
      expect(n(await idsOf({ scheduleId: 'nobody' }))).toEqual([]);
      expect(n(await idsOf({ job: 'nobody' }))).toEqual([]);
      // Others of this file are older.
      expect(n(await idsOf({ limit: 6 }))).toEqual([6, 5, 4, 3, 2, 1]);
      expect(n(await idsOf({ limit: 3, final: 'completed' }))).toEqual([6, 4, 1]);
      expect(n(await idsOf({ limit: 2, before: at + 5 }))).toEqual([4, 3]);
      expect(n(await idsOf({ job, before: at + 3 }))).toEqual([2, 1]);
      await subject.store.history.clear({ job });
      await subject.store.history.clear({ job: other });
    });

    test('pages neither repeat nor leave out, also within one millisecond', async () => {
      const scheduleId = `paged-${subject.newId()}`;
      const jobs = ['x', 'y', 'z'].map((name) => `${name}-${subject.newId()}`);
      const finals = ['completed', 'failed', 'skipped', 'cancelled'] as const;
      const at = tick() + 2_000_000;
      const all = Array.from({ length: 60 }, (_, n) =>
        endedAt(`${scheduleId}-${n}`, at + Math.floor(n / 20), {
          job: jobs[n % 3]!,
          final: finals[n % 4]!,
          head: head({ scheduleId }),
        }),
      );
      await write(all);
      const ids = all.map(({ id }) => id);
      const filters = [
        [{ scheduleId }, ids],
        [{ before: at + 3 }, ids],
        [{ job: jobs[1] }, ids.filter((_, n) => n % 3 === 1)],
        [{ job: jobs[1], final: 'failed' }, ids.filter((_, n) => n % 3 === 1 && n % 4 === 1)],
        [{ scheduleId, job: jobs[0] }, ids.filter((_, n) => n % 3 === 0)],
      ] as const;
      for (const [filter, expected] of filters) {
        for (const limit of [1, 7]) {
          const found: string[] = [];
          let before: EndedFilter['before'] = 'before' in filter ? filter.before : undefined;
          while (found.length < expected.length) {
            const { items, next } = await subject.store.history.list({ ...filter, limit, before });
            expect(items.length).toBeLessThanOrEqual(limit);
            found.push(...items.map(({ id }) => id).filter((id) => ids.includes(id)));
            if (next === undefined) break;
            before = next;
          }
          expect(found.toSorted()).toEqual(expected.toSorted());
          const millisecond = (id: string) => Math.floor(ids.indexOf(id) / 20);
          expect(found.map(millisecond)).toEqual(found.map(millisecond).toSorted((a, b) => b - a));
        }
      }
      for (const job of jobs) await subject.store.history.clear({ job });
    });

    test('a page goes on from its place when what stood there is gone', async () => {
      const job = `moving-${subject.newId()}`;
      const ids = Array.from({ length: 9 }, (_, n) => `${job}-${n}`);
      const at = tick();
      await write(ids.map((id) => endedAt(id, at, { job })));
      const [first] = await pages({ job, limit: 3 });
      const { next } = await subject.store.history.list({ job, limit: 3 });
      // Whichever were on the first page are gone by then, and newer ones have come.
      const newer = endedAt(subject.newId(), at + 1, { job, keep: { count: 7, age: DAY } });
      await write([newer]);
      const rest = await idsOf({ job, before: next });
      const kept = await idsOf({ job });
      expect(kept).toHaveLength(7);
      expect(rest).toEqual(kept.filter((id) => id !== newer.id && !first!.includes(id)));
    });

    test('a text that is no cursor is refused', async () => {
      for (const before of ['nonsense', '', 'bnVsbA', Buffer.from('[1]').toString('base64url')]) {
        const asked = subject.store.history.list({ job: 'report', limit: 1, before });
        await expect(asked).rejects.toMatchObject({ code: 'HISTORY_QUERY_INVALID' });
      }
    });

    test.each(ODD)('odd text %j survives as job and schedule', async (odd) => {
      const id = `${subject.newId()}${odd}`;
      const scheduleId = `s${id}`;
      await write([ended(id, { job: odd, head: head({ completedAt: tick(), scheduleId }) })]);
      expect(await idsOf({ scheduleId })).toEqual([id]);
      expect(await idsOf({ job: odd, limit: 1 })).toEqual([id]);
      expect((await subject.store.history.stats([odd]))[0]?.job).toBe(odd);
    });

    test('many by their ids, those that are not there left out', async () => {
      const [a, b] = [subject.newId(), subject.newId()];
      await write([ended(a), retried(b, 1)]);
      const loaded = await subject.store.history.loadMany([a, 'never', b]);
      expect([...loaded.keys()].toSorted()).toEqual([a, b].toSorted());
      expect(loaded.get(a)).toEqual(await subject.store.executions.load(a));
      expect(loaded.get(b)).toEqual(await subject.store.executions.load(b));
      expect(await subject.store.history.loadMany([])).toEqual(new Map());
    });

    test('what cannot be read is left out, the rest comes', async () => {
      const job = `corrupt-${subject.newId()}`;
      const [bad, good] = [subject.newId(), subject.newId()];
      await write([retried(bad, 1, { job })]);
      await write([ended(bad, { job, fence: 2 }), ended(good, { job })]);
      await subject.corrupt(bad);
      const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
      expect(await idsOf({ job })).toEqual([good]);
      expect([...(await subject.store.history.loadMany([bad, good])).keys()]).toEqual([good]);
      expect(warn.mock.calls.flat().join()).toMatch(new RegExp(`corrupt.*${bad}|${bad}.*corrupt`));
      warn.mockRestore();
    });
  });

  describe('stats', () => {
    test('sum up what ended, and stay when records go', async () => {
      const job = `stats-${subject.newId()}`;
      const at = tick();
      const failure = { name: 'Error', message: 'no', stack: 'at x' };
      const failed = (id: string, when: number, took: number) =>
        endedAt(id, when, { job, final: 'failed', head: head({ error: failure }) }, took);
      const { attempt: _, ...unstarted } = endedAt(subject.newId(), at + 90, { job, final: 'cancelled' });
      await write([
        endedAt(subject.newId(), at + 10, { job }, 10),
        endedAt(subject.newId(), at + 20, { job }, 30),
        failed(subject.newId(), at + 15, 1_000),
        endedAt(subject.newId(), at + 30, { job, final: 'cancelled' }, 7_000),
        unstarted,
        { ...unstarted, id: subject.newId(), final: 'skipped' },
        retried(subject.newId(), 1, { job }),
      ]);
      const expected = {
        job,
        ended: { completed: 2, failed: 1, skipped: 1, cancelled: 2 },
        last: { completed: at + 20, failed: at + 15, cancelled: at + 30 },
        lastError: failure,
        durations: { runs: 3, sum: 1_040, min: 10, max: 1_000 },
      };
      const [stats] = await subject.store.history.stats([job]);
      expect(stats).toMatchObject(expected);
      expect(Math.abs(percentile(stats!.durations.buckets, 0.5) - 30)).toBeLessThan(1.5);
      expect(await subject.store.history.kept(job)).toEqual({ completed: 2, failed: 1, skipped: 1, cancelled: 2 });
      await subject.store.history.clear({ job });
      expect((await subject.store.history.stats([job]))[0]).toEqual(stats);
      expect(await subject.store.history.kept(job)).toEqual({ completed: 0, failed: 0, skipped: 0, cancelled: 0 });

      // An older failure that is told later is not the last one; a later one is.
      await write([failed(subject.newId(), at + 1, 1)]);
      expect((await subject.store.history.stats([job]))[0]).toMatchObject({ last: { failed: at + 15 } });
      await write([
        endedAt(subject.newId(), at + 40, {
          job,
          final: 'failed',
          head: head({ error: { ...failure, message: 'later' } }),
        }),
      ]);
      expect((await subject.store.history.stats([job]))[0]).toMatchObject({
        ended: { failed: 3 },
        last: { failed: at + 40 },
        lastError: { message: 'later' },
        durations: { runs: 5, sum: 1_046, min: 1, max: 1_000 },
      });
    });

    test('of all jobs in one answer; of one that never ended any, zeros', async () => {
      const jobs = Array.from({ length: 3 }, () => `all-${subject.newId()}`);
      await write(jobs.map((job) => ended(subject.newId(), { job })));
      const all = await subject.store.history.stats();
      expect(all.map(({ job }) => job)).toEqual(expect.arrayContaining(jobs));
      expect(new Set(all.map(({ job }) => job)).size).toBe(all.length);
      const [b, none] = await subject.store.history.stats([jobs[1]!, 'never']);
      expect(b).toMatchObject({ job: jobs[1], ended: { completed: 1 } });
      expect(none).toEqual({
        job: 'never',
        ended: { completed: 0, failed: 0, skipped: 0, cancelled: 0 },
        last: {},
        durations: { runs: 0, sum: 0, min: 0, max: 0, buckets: new Map() },
      });
    });

    test('count once what is told twice, and all that no record is kept of', async () => {
      const job = `once-${subject.newId()}`;
      const entry = ended(subject.newId(), { job });
      await write([entry]);
      await write([entry]);
      await write([ended(subject.newId(), { job, keep: { count: 0, age: DAY } })]);
      expect((await subject.store.history.stats([job]))[0]).toMatchObject({ ended: { completed: 2 } });
      expect(await subject.store.history.kept(job)).toMatchObject({ completed: 1 });
    });

    test('percentiles are within 5 % over six orders of magnitude', async () => {
      const job = `sketch-${subject.newId()}`;
      const took = Array.from({ length: 1_000 }, (_, n) => Math.round(10 ** ((n * 6) / 999)));
      const keep = { count: 0, age: DAY };
      await write(took.map((ms, n) => endedAt(`${job}-${n}`, 10_000_000 + n, { job, keep }, ms)));
      const [stats] = await subject.store.history.stats([job]);
      for (const quantile of [0.01, 0.25, 0.5, 0.9, 0.95, 0.99]) {
        const exact = took[Math.ceil(quantile * took.length) - 1]!;
        const told = percentile(stats!.durations.buckets, quantile);
        expect(Math.abs(told - exact)).toBeLessThanOrEqual(exact * 0.05);
      }
    });
  });

  describe('the end of history', () => {
    test('the oldest beyond the count go, however they ended, from all lists', async () => {
      const job = `count-${subject.newId()}`;
      const scheduleId = `by-${job}`;
      const finals = ['completed', 'failed', 'skipped', 'cancelled'] as const;
      const at = tick();
      const all = Array.from({ length: 40 }, (_, n) =>
        endedAt(`${job}-${n}`, at + n, {
          job,
          final: finals[(n * 7) % 4]!,
          head: head({ scheduleId }),
          keep: { count: 10, age: DAY },
        }),
      );
      for (let first = 0; first < all.length; first += 8) await write(all.slice(first, first + 8));
      const newest = all
        .slice(-10)
        .map(({ id }) => id)
        .toReversed();
      expect(await idsOf({ job })).toEqual(newest);
      expect(await idsOf({ scheduleId })).toEqual(newest);
      expect(Object.values(await subject.store.history.kept(job)).reduce((a, b) => a + b)).toBe(10);
      const left = await subject.store.history.loadMany(all.map(({ id }) => id));
      expect([...left.keys()].toSorted()).toEqual(newest.toSorted());
      expect((await subject.store.history.stats([job]))[0]).toMatchObject({ ended: { completed: 10, failed: 10 } });
    });

    test('clearing takes what has ended, of one job only, and its lines; what goes on stays', async () => {
      const [job, other] = [`clear-${subject.newId()}`, `other-${subject.newId()}`];
      const scheduleId = `by-${job}`;
      const [mine, going, theirs] = [subject.newId(), subject.newId(), subject.newId()];
      await subject.store.logs.append({
        writer: job,
        number: 1,
        writes: [
          { entry: { kind: 'line', executionId: mine, job, at: 1, attempt: 1, level: 'log', message: 'm' }, keep: DAY },
        ],
      });
      await write([
        ended(mine, { job, head: head({ completedAt: tick(), scheduleId }) }),
        retried(going, 1, { job }),
        ended(theirs, { job: other, head: head({ completedAt: tick(), scheduleId }) }),
      ]);
      await subject.store.history.clear({ job });
      expect(await idsOf({ job })).toEqual([]);
      expect(await idsOf({ scheduleId })).toEqual([theirs]);
      expect([...(await subject.store.history.loadMany([mine, going, theirs])).keys()].toSorted()).toEqual(
        [going, theirs].toSorted(),
      );
      expect(await subject.store.logs.ofExecution(mine, 0, 10)).toEqual([]);
      await subject.store.history.clear({ scheduleId });
      expect(await idsOf({ job: other })).toEqual([]);
      expect(await subject.store.executions.load(theirs)).toBeUndefined();
    });

    test('more than one call clears', async () => {
      const job = `bulk-${subject.newId()}`;
      const keep = { count: 10_000, age: DAY };
      await write(Array.from({ length: 4_500 }, (_, n) => ended(`${job}-${n}`, { job, keep })));
      await subject.store.history.clear({ job });
      expect(await subject.store.history.kept(job)).toEqual({ completed: 0, failed: 0, skipped: 0, cancelled: 0 });
    });

    test('beyond its age an execution is in no list, and nothing is left of it after a sweep', async () => {
      const job = `aged-${subject.newId()}`;
      const scheduleId = `by-${job}`;
      const short = Array.from({ length: 150 }, () => subject.newId());
      const long = subject.newId();
      await write([
        ...short.map((id, n) =>
          ended(id, {
            job,
            final: n % 2 ? 'completed' : 'skipped',
            head: head({ completedAt: tick(), scheduleId }),
            keep: { count: 1_000, age: 100 },
          }),
        ),
        ended(long, { job, keep: { count: 1_000, age: DAY } }),
      ]);
      await until('they are over', async () => (await subject.store.history.loadMany(short)).size === 0);
      expect(await idsOf({ job, limit: 200 })).toEqual([long]);
      expect(await idsOf({ scheduleId })).toEqual([]);
      await subject.store.history.sweep();
      expect(await subject.left(job, scheduleId)).toBe(1);
    });

    test('an id that is used again, and ends otherwise, stands in one list', async () => {
      const job = `again-${subject.newId()}`;
      const id = subject.newId();
      await write([ended(id, { job, final: 'failed', keep: { count: 10, age: 50 } })]);
      await until('it is over', async () => !(await subject.store.executions.load(id)));
      await write([ended(id, { job })]);
      expect(await idsOf({ job, final: 'failed' })).toEqual([]);
      expect(await idsOf({ job })).toEqual([id]);
      expect(await subject.store.history.kept(job)).toEqual({ completed: 1, failed: 0, skipped: 0, cancelled: 0 });
    });

    test('a failed one that is reopened leaves the lists until it ends again', async () => {
      const job = `reopened-${subject.newId()}`;
      const scheduleId = `by-${job}`;
      const id = subject.newId();
      const byIt = { job, head: head({ completedAt: tick(), scheduleId }) };
      await write([ended(id, { ...byIt, final: 'failed' })]);
      await subject.store.executions.reopen(id);
      expect([await idsOf({ job }), await idsOf({ scheduleId })]).toEqual([[], []]);
      await write([ended(id, { ...byIt, fence: 2 })]);
      expect([await idsOf({ job, final: 'completed' }), await idsOf({ scheduleId })]).toEqual([[id], [id]]);
    });
  });
}
