import { describe, expect, jest, test } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { ScheduleData, StoredSchedule } from '#src/store/ports/schedule-store.js';
import { ODD } from './fixtures.js';
import type { Subject } from './fixtures.js';

export function schedule(id: string, more: Partial<ScheduleData> = {}): ScheduleData {
  return {
    id,
    job: 'report',
    source: 'api',
    expression: '0 2 * * *',
    timezone: 'Europe/Berlin',
    anchor: 0,
    enabled: true,
    enabledAt: 1_000,
    createdAt: 1_000,
    updatedAt: 1_000,
    ...more,
  };
}

export function describeSchedules(subject: Subject): void {
  const newId = () => `schedule:${subject.newId()}`;
  const schedules = () => subject.store.schedules;
  const putOne = async (data: ScheduleData, expected?: number): Promise<StoredSchedule | undefined> =>
    (await schedules().put([{ data, expected }]))[0];

  describe('schedules', () => {
    test('one is stored, found, replaced and removed', async () => {
      const id = newId();
      expect(await schedules().get(id)).toBeUndefined();
      const first = schedule(id, {
        source: 'code',
        start: 1,
        end: Date.UTC(2100, 0),
        payload: { day: 'yesterday', nothing: null },
        misfire: 'all',
        misfireThreshold: 60_000,
        maxCatchUp: 3,
        overlap: 'wait',
        description: 'At night',
        name: 'Nightly',
        group: 'DEFAULT',
        metadata: { tenant: 'a' },
      });
      expect(await putOne(first, 0)).toEqual({ ...first, version: 1 });
      expect(await schedules().get(id)).toEqual({ ...first, version: 1 });
      const second = schedule(id, { enabled: false, expression: 'every 7m', anchor: 5 });
      expect(await putOne(second)).toEqual({ ...second, version: 2 });
      expect((await schedules().all()).filter((each) => each.id === id)).toEqual([{ ...second, version: 2 }]);
      expect(await schedules().remove(id)).toBe(true);
      expect(await schedules().remove(id)).toBe(false);
      expect(await schedules().get(id)).toBeUndefined();
      expect(await putOne(first, 0)).toEqual({ ...first, version: 1 });
    });

    test('what is given back is put again as it is', async () => {
      const id = newId();
      const stored = await putOne(schedule(id));
      await schedules().claim(id, undefined, 5);
      const claimed = (await schedules().get(id))!;
      expect(await putOne({ ...claimed, enabled: false }, 1)).toEqual({
        ...stored,
        enabled: false,
        version: 2,
        lastFire: 5,
      });
    });

    test('a put of another version than the expected one changes nothing, and holds up no other', async () => {
      const [a, b, c, d] = [newId(), newId(), newId(), newId()];
      expect(await putOne(schedule(a), 1)).toBeUndefined();
      expect(await schedules().get(a)).toBeUndefined();
      await putOne(schedule(b));
      await putOne(schedule(c));
      await putOne(schedule(c));
      const changed = (id: string) => schedule(id, { updatedAt: 9_000 });
      const answers = await schedules().put([
        { data: changed(a), expected: 7 },
        { data: changed(b), expected: 0 },
        { data: changed(c), expected: 2 },
        { data: changed(d), expected: 0 },
        { data: changed(b), expected: 2 },
      ]);
      expect(answers).toEqual([
        undefined,
        undefined,
        { ...changed(c), version: 3 },
        { ...changed(d), version: 1 },
        undefined,
      ]);
      expect(await schedules().get(b)).toEqual({ ...schedule(b), version: 1 });
      expect(await schedules().remove(c, 2)).toBe(false);
      expect(await schedules().remove(c, 3)).toBe(true);
      expect(await schedules().remove(newId(), 1)).toBe(false);
    });

    test('one id twice in a put is stored twice, in order', async () => {
      const id = newId();
      const [first, second] = [schedule(id, { updatedAt: 1 }), schedule(id, { updatedAt: 2 })];
      expect(await schedules().put([{ data: first, expected: 0 }, { data: second }])).toEqual([
        { ...first, version: 1 },
        { ...second, version: 2 },
      ]);
    });

    test('of twenty that expect the same version one is stored', async () => {
      const id = newId();
      for (const expected of [0, 1]) {
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_, side) => putOne(schedule(id, { updatedAt: 100 * expected + side }), expected)),
        );
        const stored = answers.filter((answer) => answer !== undefined);
        expect(stored).toHaveLength(1);
        expect(await schedules().get(id)).toEqual(stored[0]);
      }
    });

    test('many puts of the same schedules, in any order, all end', async () => {
      const ids = Array.from({ length: 30 }, newId);
      const puts = Array.from({ length: 10 }, (_, side) =>
        schedules().put((side % 2 ? ids : ids.toReversed()).map((id) => ({ data: schedule(id) }))),
      );
      await Promise.all(puts);
      expect(new Set(await Promise.all(ids.map(async (id) => (await schedules().get(id))?.version)))).toEqual(
        new Set([10]),
      );
    });

    test('of twenty that claim a fire one has it', async () => {
      const id = newId();
      await putOne(schedule(id));
      for (const [from, to] of [
        [undefined, 1_000],
        [1_000, 2_000],
      ] as const) {
        const answers = await Promise.all(Array.from({ length: 20 }, () => schedules().claim(id, from, to)));
        expect(answers.filter(Boolean)).toHaveLength(1);
        expect((await schedules().get(id))?.lastFire).toBe(to);
      }
      expect(await schedules().claim(id, undefined, 3_000)).toBe(false);
      expect(await schedules().claim(id, 1_000, 3_000)).toBe(false);
    });

    test('the last fire stays when the schedule changes, is no part of its version, and goes with it', async () => {
      const id = newId();
      expect(await schedules().claim(id, undefined, 1_000)).toBe(false);
      await putOne(schedule(id));
      const late = Date.UTC(2200, 0);
      expect(await schedules().claim(id, undefined, late)).toBe(true);
      expect(await putOne(schedule(id, { enabled: false }), 1)).toMatchObject({ version: 2, lastFire: late });
      expect((await schedules().all()).find((each) => each.id === id)).toMatchObject({ version: 2, lastFire: late });
      await schedules().remove(id);
      expect(await schedules().claim(id, late, late + 1)).toBe(false);
      expect(await putOne(schedule(id), 0)).not.toHaveProperty('lastFire');
      expect(await schedules().claim(id, undefined, 1_000)).toBe(true);
    });

    test.each([...ODD, '__proto__', 'code:a:b#2', '7'])('odd text %j survives', async (odd) => {
      const id = newId() + odd;
      const data = schedule(id, {
        job: odd,
        payload: { [`a\0b${odd}`]: [odd, 'NUL \0 and half a pair \ud800'] },
        description: `\0${odd}`,
        metadata: { [odd]: `\0${odd}` },
      });
      expect(await putOne(data, 0)).toEqual({ ...data, version: 1 });
      expect(await schedules().get(id)).toEqual({ ...data, version: 1 });
      expect(await schedules().claim(id, undefined, 1)).toBe(true);
      expect((await schedules().all()).find((each) => each.id === id)).toEqual({ ...data, version: 1, lastFire: 1 });
      expect(await schedules().remove(id, 1)).toBe(true);
    });

    test('a thousand in one put, by id', async () => {
      const name = newId();
      const data = Array.from({ length: 1_000 }, (_, index) =>
        schedule(`${name}:${String(index).padStart(4, '0')}`, { payload: { index } }),
      );
      const shuffled = data.toReversed();
      expect(await schedules().put(shuffled.map((each) => ({ data: each, expected: 0 })))).toEqual(
        shuffled.map((each) => ({ ...each, version: 1 })),
      );
      const all = (await schedules().all()).filter(({ id }) => id.startsWith(name));
      expect(all).toEqual(data.map((each) => ({ ...each, version: 1 })));
      const ids = (await schedules().all()).map(({ id }) => id);
      expect(ids).toEqual(ids.toSorted());
      expect(await schedules().put([])).toEqual([]);
    });

    test('one that cannot be read is left out with a warning that names it, and can be made anew', async () => {
      const [id, other] = [newId(), newId()];
      await schedules().put([{ data: schedule(id) }, { data: schedule(other) }]);
      await schedules().claim(id, undefined, 5);
      await subject.corruptSchedule(id);
      const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
      try {
        expect(await schedules().get(id)).toBeUndefined();
        const ids = (await schedules().all()).map((each) => each.id);
        expect(ids).toContain(other);
        expect(ids).not.toContain(id);
        expect(warn.mock.calls.map(([message]) => String(message))).toEqual([
          expect.stringContaining(id),
          expect.stringContaining(id),
        ]);
      } finally {
        warn.mockRestore();
      }
      expect(
        await schedules().put([
          { data: schedule(other), expected: 0 },
          { data: schedule(id), expected: 0 },
        ]),
      ).toEqual([undefined, expect.objectContaining({ id, lastFire: 5 })]);
      expect(await schedules().get(id)).toMatchObject({ ...schedule(id), lastFire: 5 });
    });
  });

  describe('declarations of schedules', () => {
    const declared = async (...versions: string[]) =>
      (await schedules().declarations())
        .filter(({ version }) => versions.includes(version))
        .toSorted((a, b) => (a.version < b.version ? -1 : 1));

    test('the newest of each version stands, also when an older one comes late', async () => {
      const version = `version:${subject.newId()}`;
      const ids = ['code:report', ODD[2]!, '\0'];
      await schedules().declare({ version, ids, bootedAt: 1_000, seenAt: 1_000 }, 500);
      await schedules().declare({ version, ids, bootedAt: 2_000, seenAt: 2_000 }, 5_000);
      await schedules().declare({ version, ids, bootedAt: 1_000, seenAt: 2_500 }, 5_000);
      await schedules().declare({ version, ids, bootedAt: 1_500, seenAt: 2_400 }, 5_000);
      expect(await declared(version)).toEqual([{ version, ids, bootedAt: 2_000, seenAt: 2_500 }]);
    });

    test('those that were not seen for the given time are forgotten', async () => {
      const [old, edge, now] = ['a', 'b', 'c'].map((letter) => `${subject.newId()}${letter}`) as [
        string,
        string,
        string,
      ];
      const at = (version: string, seenAt: number) => ({ version, ids: [version], bootedAt: seenAt, seenAt });
      await schedules().declare(at(old, 10_999), 100_000);
      await schedules().declare(at(edge, 11_000), 100_000);
      await schedules().declare(at(now, 21_000), 10_000);
      expect(await declared(old, edge, now)).toEqual([at(edge, 11_000), at(now, 21_000)]);
    });

    test('many at once are all kept', async () => {
      const versions = Array.from({ length: 20 }, () => `many-${subject.newId()}`);
      await Promise.all(
        versions.map((version) => schedules().declare({ version, ids: [], bootedAt: 30_000, seenAt: 30_000 }, 60_000)),
      );
      expect(await declared(...versions)).toHaveLength(20);
    });
  });
}
