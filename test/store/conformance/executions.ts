import { describe, expect, jest, test } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { scaled } from '../../support/machine.js';
import { until } from '../../support/until.js';
import { DAY, ended, head, ODD, retried, step, tick } from './fixtures.js';
import type { Subject } from './fixtures.js';

export function describeExecutions(subject: Subject): void {
  describe('executions', () => {
    test('an unknown one is undefined', async () => {
      expect(await subject.store.executions.load('never')).toBeUndefined();
    });

    test('all of an ended one comes back', async () => {
      const entry = ended(subject.newId(), {
        head: head({
          trigger: 'schedule',
          scheduleId: 'code:report',
          scheduledFor: 5,
          startedAt: 6,
          completedAt: 7,
          payload: { deep: [{ a: null }] },
          result: [1, 'two'],
          error: { name: 'E', message: 'm', code: 'C', stack: 's' },
          reason: 'because',
          metadata: { tenant: 'x' },
        }),
        step: step('last', { z: 1, a: 2 }),
      });
      expect(await subject.store.executions.write([entry])).toEqual([true]);
      expect(await subject.store.executions.load(entry.id)).toEqual({
        id: entry.id,
        job: 'report',
        queue: 'default',
        fence: 1,
        final: 'completed',
        head: entry.head,
        attempts: [entry.attempt],
        steps: [entry.step],
      });
    });

    test.each(ODD)('odd text %j survives as id, job, queue, step and value', async (odd) => {
      const first = step(`first ${odd}`, odd);
      const entry = ended(`${subject.newId()}${odd}`, {
        job: odd,
        queue: odd,
        head: head({ completedAt: tick(), payload: { [odd]: odd }, metadata: { [odd]: odd } }),
        step: step(odd, odd),
      });
      await subject.store.executions.recordStep(entry.id, odd, odd, 1, first);
      expect(await subject.store.executions.write([entry])).toEqual([true]);
      expect(await subject.store.executions.load(entry.id)).toMatchObject({
        id: entry.id,
        job: odd,
        queue: odd,
        head: entry.head,
        steps: [first, entry.step],
      });
      expect((await subject.store.executions.counts([odd]))[odd]).toEqual({ completed: 1, failed: 0 });
    });

    test('NUL and half surrogate pairs survive inside values', async () => {
      const payload = { nul: 'a\0b', half: '\ud800', key: 1 };
      const entry = ended(subject.newId(), { head: head({ completedAt: tick(), payload }), step: step('s', 'a\0b') });
      await subject.store.executions.write([entry]);
      expect(await subject.store.executions.load(entry.id)).toMatchObject({
        head: { payload },
        steps: [{ result: 'a\0b' }],
      });
    });

    test('a payload and a result of 1 MiB come back', async () => {
      const payload = 'p'.repeat(2 ** 20);
      const entry = ended(subject.newId(), { head: head({ completedAt: tick(), payload, result: payload }) });
      await subject.store.executions.write([entry]);
      const loaded = await subject.store.executions.load(entry.id);
      expect(loaded?.head?.payload === payload && loaded.head.result === payload).toBe(true);
    });

    test('a retry keeps it going; attempts add up in order', async () => {
      const id = subject.newId();
      expect(await subject.store.executions.write([retried(id, 1)])).toEqual([true]);
      expect((await subject.store.executions.load(id))?.final).toBeUndefined();
      expect(await subject.store.executions.write([retried(id, 2)])).toEqual([true]);
      expect(await subject.store.executions.write([ended(id, { fence: 3 })])).toEqual([true]);
      const loaded = await subject.store.executions.load(id);
      expect(loaded?.final).toBe('completed');
      expect(loaded?.fence).toBe(3);
      expect(loaded?.attempts).toHaveLength(3);
      expect(loaded?.attempts.map(({ startedAt }) => startedAt)).toEqual(
        loaded?.attempts.map(({ startedAt }) => startedAt).toSorted((a, b) => a - b),
      );
    });

    test('no attempt: cancelled while it waited', async () => {
      const { attempt: _, ...rest } = ended(subject.newId(), { fence: 0, final: 'cancelled' });
      expect(await subject.store.executions.write([rest])).toEqual([true]);
      expect(await subject.store.executions.load(rest.id)).toMatchObject({
        final: 'cancelled',
        attempts: [],
        steps: [],
      });
    });

    test('an older fence is refused and changes nothing', async () => {
      const id = subject.newId();
      await subject.store.executions.write([retried(id, 5)]);
      const before = await subject.store.executions.load(id);
      expect(await subject.store.executions.write([ended(id, { fence: 4 })])).toEqual([false]);
      expect(await subject.store.executions.recordStep(id, 'report', 'default', 4, step('late'))).toBe(false);
      expect(await subject.store.executions.load(id)).toEqual(before);
    });

    test('an ended one is not written again, not even by a newer fence', async () => {
      const id = subject.newId();
      await subject.store.executions.write([ended(id)]);
      const before = await subject.store.executions.load(id);
      expect(await subject.store.executions.write([ended(id, { fence: 2, final: 'failed' })])).toEqual([false]);
      expect(await subject.store.executions.write([ended(id, { fence: 1, final: 'failed' })])).toEqual([false]);
      expect(await subject.store.executions.write([retried(id, 2)])).toEqual([false]);
      expect(await subject.store.executions.recordStep(id, 'report', 'default', 2, step('late'))).toBe(false);
      expect(await subject.store.executions.load(id)).toEqual(before);
    });

    test('a write whose answer was lost can be sent again: accepted, counted once', async () => {
      const queue = `again-${subject.newId()}`;
      const final = ended(subject.newId(), { queue });
      const going = retried(subject.newId(), 1, { queue });
      for (let time = 0; time < 2; time++)
        expect(await subject.store.executions.write([final, going])).toEqual([true, true]);
      expect(await subject.store.executions.counts([queue])).toEqual({ [queue]: { completed: 1, failed: 0 } });
      expect((await subject.store.executions.load(going.id))?.attempts).toHaveLength(1);
    });

    test('a batch answers each entry in order', async () => {
      const [a, b, c] = [subject.newId(), subject.newId(), subject.newId()];
      await subject.store.executions.write([ended(b)]);
      expect(
        await subject.store.executions.write([
          ended(a),
          ended(b, { fence: 2 }),
          retried(c, 1),
          ended(c, { fence: 2 }),
          ended(c, { fence: 3 }),
        ]),
      ).toEqual([true, false, true, true, false]);
      expect((await subject.store.executions.load(c))?.attempts).toHaveLength(2);
      expect(await subject.store.executions.write([])).toEqual([]);
    });

    test('batches of the same executions from many sides all end', async () => {
      const shared = Array.from({ length: 20 }, () => subject.newId());
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, side) =>
          subject.store.executions.write(
            (side % 2 ? shared.toReversed() : shared).map((id) => ended(id, { fence: side + 1 })),
          ),
        ),
      );
      expect(answers.flat().filter(Boolean)).toHaveLength(shared.length);
    });

    test('steps come back by their finish, within a millisecond in the order of recording', async () => {
      const id = subject.newId();
      const at = tick();
      const names = ['c', 'a', 'b', 'd'];
      for (const name of names)
        expect(
          await subject.store.executions.recordStep(id, 'report', 'default', 1, {
            name,
            startedAt: at,
            finishedAt: at,
          }),
        ).toBe(true);
      const loaded = await subject.store.executions.load(id);
      expect(loaded).toMatchObject({ id, job: 'report', queue: 'default', fence: 1, attempts: [] });
      expect(loaded?.head).toBeUndefined();
      expect(loaded?.steps.map(({ name }) => name)).toEqual(names);
      expect(loaded?.steps[0]).toEqual({ name: 'c', startedAt: at, finishedAt: at });
    });

    test('a step of a newer run raises the fence', async () => {
      const id = subject.newId();
      await subject.store.executions.recordStep(id, 'report', 'default', 2, step('one', 1));
      expect(await subject.store.executions.write([ended(id, { fence: 1 })])).toEqual([false]);
      expect(await subject.store.executions.recordStep(id, 'report', 'default', 2, step('one', 2))).toBe(true);
      expect((await subject.store.executions.load(id))?.steps).toMatchObject([{ name: 'one', result: 2 }]);
    });

    test('a failed one is reopened with its attempts and steps', async () => {
      const id = subject.newId();
      await subject.store.executions.recordStep(id, 'report', 'default', 1, step('one', 1));
      await subject.store.executions.write([ended(id, { final: 'failed' })]);
      expect(await subject.store.executions.reopen(id)).toBe(true);
      expect(await subject.store.executions.reopen(id)).toBe(false);
      const open = await subject.store.executions.load(id);
      expect(open?.final).toBeUndefined();
      expect(open).toMatchObject({ attempts: [{ attempt: 1 }], steps: [{ name: 'one', result: 1 }] });
      expect(await subject.store.executions.recordStep(id, 'report', 'default', 2, step('two', 2))).toBe(true);
      expect(await subject.store.executions.write([ended(id, { fence: 2 })])).toEqual([true]);
      expect((await subject.store.executions.load(id))?.steps).toHaveLength(2);
    });

    test('only a failed one is reopened', async () => {
      const [done, going] = [subject.newId(), subject.newId()];
      await subject.store.executions.write([ended(done), retried(going, 1)]);
      expect(await subject.store.executions.reopen(done)).toBe(false);
      expect(await subject.store.executions.reopen(going)).toBe(false);
      expect(await subject.store.executions.reopen('never')).toBe(false);
    });

    test('a reopened one is not pruned while it goes on', async () => {
      const job = `reopened-${subject.newId()}`;
      const keep = { count: 1, age: scaled(2_000) };
      const [id, marker] = [subject.newId(), subject.newId()];
      await subject.store.executions.write([ended(id, { job, keep, final: 'failed' })]);
      expect(await subject.store.executions.reopen(id)).toBe(true);
      await subject.store.executions.write([ended(marker, { job, keep }), ended(subject.newId(), { job, keep })]);
      await until('the other is pruned by age', async () => !(await subject.store.executions.load(marker)));
      expect(await subject.store.executions.load(id)).toBeDefined();
    });

    test('beyond its count the oldest of the job goes, of other jobs none', async () => {
      const job = `counted-${subject.newId()}`;
      const all = Array.from({ length: 5 }, () => subject.newId());
      const other = subject.newId();
      await subject.store.executions.write([ended(other, { job: `${job}-other` })]);
      for (const id of all) await subject.store.executions.write([ended(id, { job, keep: { count: 3, age: DAY } })]);
      const kept = await Promise.all(all.map(async (id) => (await subject.store.executions.load(id)) !== undefined));
      expect(kept).toEqual([false, false, true, true, true]);
      expect(await subject.store.executions.load(other)).toBeDefined();
    });

    test('a batch beyond the count keeps the newest', async () => {
      const job = `bulk-${subject.newId()}`;
      const all = Array.from({ length: 30 }, () => subject.newId());
      await subject.store.executions.write(all.map((id) => ended(id, { job, keep: { count: 3, age: DAY } })));
      const kept = await Promise.all(all.map(async (id) => (await subject.store.executions.load(id)) !== undefined));
      expect(kept.lastIndexOf(false)).toBe(26);
      expect(kept.filter(Boolean)).toHaveLength(3);
    });

    test('what goes on is not counted among the ended', async () => {
      const job = `going-${subject.newId()}`;
      const going = subject.newId();
      await subject.store.executions.write([retried(going, 1, { job, keep: { count: 1, age: DAY } })]);
      for (let n = 0; n < 3; n++)
        await subject.store.executions.write([ended(subject.newId(), { job, keep: { count: 1, age: DAY } })]);
      expect(await subject.store.executions.load(going)).toBeDefined();
    });

    test('beyond its age it goes', async () => {
      const entry = ended(subject.newId(), { keep: { count: 100, age: 200 } });
      expect(await subject.store.executions.write([entry])).toEqual([true]);
      await until('it is gone', async () => !(await subject.store.executions.load(entry.id)));
    });

    test('a count of 0 keeps nothing, and still counts', async () => {
      const queue = `none-${subject.newId()}`;
      const id = subject.newId();
      await subject.store.executions.recordStep(id, 'report', queue, 1, step('one'));
      expect(await subject.store.executions.write([ended(id, { queue, keep: { count: 0, age: DAY } })])).toEqual([
        true,
      ]);
      expect(await subject.store.executions.load(id)).toBeUndefined();
      expect(await subject.store.executions.counts([queue])).toEqual({ [queue]: { completed: 1, failed: 0 } });
    });

    test('endless ages and counts are taken', async () => {
      const entry = ended(subject.newId(), { keep: { count: Infinity, age: Infinity } });
      expect(await subject.store.executions.write([entry])).toEqual([true]);
      expect(await subject.store.executions.load(entry.id)).toBeDefined();
    });

    test('counts per queue what completed and failed, and nothing else', async () => {
      const [busy, idle] = [`busy-${subject.newId()}`, `idle-${subject.newId()}`];
      const finals = ['completed', 'completed', 'failed', 'cancelled', 'skipped'] as const;
      await subject.store.executions.write([
        ...finals.map((final) => ended(subject.newId(), { queue: busy, final })),
        retried(subject.newId(), 1, { queue: busy }),
      ]);
      expect(await subject.store.executions.counts([busy, idle])).toEqual({
        [busy]: { completed: 2, failed: 1 },
        [idle]: { completed: 0, failed: 0 },
      });
      expect(await subject.store.executions.counts([])).toEqual({});
    });

    test('a corrupt record counts as none, and can be written again', async () => {
      const id = subject.newId();
      await subject.store.executions.write([retried(id, 1)]);
      await subject.corrupt(id);
      const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
      expect(await subject.store.executions.load(id)).toBeUndefined();
      expect(warn.mock.calls.flat().join()).toMatch(new RegExp(`corrupt.*${id}|${id}.*corrupt`));
      warn.mockRestore();
      const fine = subject.newId();
      expect(await subject.store.executions.write([ended(id, { fence: 2 }), ended(fine)])).toEqual([true, true]);
      expect(await subject.store.executions.load(fine)).toBeDefined();
    });
  });
}
