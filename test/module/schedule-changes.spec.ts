/** What a schedule is made of, and how it is changed. */
import { describe, expect, it } from '@jest/globals';
import { nextOccurrences, type NewSchedule } from 'nestjs-job-scheduler';
import { startQuiet, Tick } from './schedules-kit.js';

describe('a schedule', () => {
  it('is listed with all that is known of it', async () => {
    const { schedules, stored } = await startQuiet();
    const begin = new Date('2030-01-01T00:00:00Z');
    const before = Date.now();
    const made = await schedules.create({
      job: 'report.nightly',
      cron: ' 30  4 * * mon ',
      timezone: 'europe/berlin',
      payload: { day: 'sunday' },
      start: begin,
      end: new Date('2031-01-01T00:00:00Z'),
      misfire: 'all',
      misfireThreshold: '2m',
      maxCatchUp: 5,
      overlap: 'wait',
      metadata: { tenant: 'a' },
    });
    expect(made).toEqual({
      id: expect.stringMatching(/^[\da-f-]{36}$/),
      job: 'report.nightly',
      schedule: '30  4 * * mon',
      timezone: 'Europe/Berlin',
      description: 'At 04:30, only on Monday',
      enabled: true,
      source: 'api',
      next: nextOccurrences('30 4 * * mon', { timezone: 'Europe/Berlin', after: begin })[0],
      previous: undefined,
      payload: { day: 'sunday' },
      start: begin,
      end: new Date('2031-01-01T00:00:00Z'),
      misfire: 'all',
      misfireThreshold: 120_000,
      maxCatchUp: 5,
      overlap: 'wait',
      metadata: { tenant: 'a' },
      version: 1,
      createdAt: expect.any(Date),
      updatedAt: made.createdAt,
    });
    expect(await schedules.get(made.id)).toEqual(made);
    expect(await schedules.list({ source: 'api' })).toEqual([made]);
    expect(made.createdAt.getTime()).toBeGreaterThanOrEqual(before);
    expect(await stored(made.id)).toMatchObject({ anchor: 0, enabledAt: made.createdAt.getTime() });
  });

  it.each<[Partial<NewSchedule<string>>, object]>([
    [{ schedule: '@daily' }, { schedule: '@daily', description: 'At 00:00' }],
    [{ cron: '*/10 * * * * *' }, { description: 'Every 10 seconds' }],
    [{ schedule: 'every 90m' }, { schedule: 'every 90m', description: 'Every 1 hour and 30 minutes' }],
    [{ every: 90_000 }, { schedule: 'every 1m30s', timezone: 'Asia/Tokyo' }],
    [
      { every: '1h', timezone: 'UTC', description: 'Hourly' },
      { description: 'Hourly', timezone: 'UTC' },
    ],
    [
      { every: '1h', enabled: false },
      { enabled: false, next: undefined },
    ],
  ])('of %j is taken', async (input, expected) => {
    const { schedules } = await startQuiet({ defaults: { timezone: 'Asia/Tokyo' } });
    const made = await schedules.create({ job: 'Tick', ...input });
    expect(made).toMatchObject(expected);
  });

  it('may choose its id, once', async () => {
    const { schedules } = await startQuiet();
    const id = 'tenant:7/nightly ☾ %3A {x}';
    await schedules.create({ id, job: Tick, every: '1h', payload: { of: 'a' } });
    await expect(schedules.create({ id, job: Tick, every: '2h', payload: { of: 'b' } })).rejects.toMatchObject({
      code: 'SCHEDULE_EXISTS',
      details: { id },
    });
    expect(await schedules.list({ job: 'Tick', enabled: true })).toMatchObject([{ id, schedule: 'every 1h' }]);
    expect(await schedules.list({ enabled: false })).toEqual([]);
  });

  it('changes in place; its interval keeps its phase unless its length changes', async () => {
    const { schedules, stored } = await startQuiet();
    const { id } = await schedules.create({
      job: Tick,
      every: '90m',
      payload: { of: 'a' },
      end: new Date('2100-01-01'),
    });
    const { anchor, enabledAt } = (await stored(id))!;
    const changed = await schedules.update(id, {
      schedule: 'every 1h30m',
      timezone: 'Asia/Tokyo',
      payload: { of: 'b' },
      metadata: { a: 'b' },
      misfireThreshold: '5m',
    });
    expect(changed).toMatchObject({
      schedule: 'every 1h30m',
      timezone: 'Asia/Tokyo',
      payload: { of: 'b' },
      version: 2,
    });
    expect(changed.next!.getTime()).toBe(anchor + 5_400_000);
    await schedules.update(id, { payload: { of: 'c' }, end: null, metadata: null, misfireThreshold: null });
    expect(await stored(id)).toEqual(
      expect.objectContaining({ anchor, enabledAt, version: 3, payload: { of: 'c' }, expression: 'every 1h30m' }),
    );
    for (const field of ['end', 'metadata', 'misfireThreshold']) expect(await stored(id)).not.toHaveProperty(field);
    const longer = await schedules.update(id, { every: '2h' });
    expect((await stored(id))!.anchor).toBe(longer.updatedAt.getTime());
    await schedules.update(id, { cron: '0 2 * * *' });
    expect(await stored(id)).toMatchObject({ anchor: 0, expression: '0 2 * * *', timezone: 'Asia/Tokyo' });
  });

  it('is not changed when it is of another version than the expected one', async () => {
    const { schedules } = await startQuiet();
    const { id, version } = await schedules.create({ job: Tick, every: '1h', payload: { of: 'a' } });
    await schedules.update(id, { description: 'mine', expectedVersion: version });
    await expect(schedules.update(id, { description: 'theirs', expectedVersion: version })).rejects.toMatchObject({
      code: 'SCHEDULE_CONFLICT',
      details: { id, expected: 1, actual: 2 },
    });
    expect(await schedules.get(id)).toMatchObject({ description: 'mine', version: 2 });
  });

  it('is not switched or deleted either when it is of another version than the expected one', async () => {
    const { schedules } = await startQuiet();
    const { id, version } = await schedules.create({ job: Tick, every: '1h', payload: { of: 'a' } });
    const stale = { expectedVersion: version };
    expect(await schedules.disable(id, stale)).toMatchObject({ enabled: false, version: 2 });
    for (const call of [schedules.enable(id, stale), schedules.disable(id, stale), schedules.delete(id, stale)])
      await expect(call).rejects.toMatchObject({ code: 'SCHEDULE_CONFLICT', details: { id, expected: 1, actual: 2 } });
    for (const call of [schedules.enable(id, { expectedVersion: 0 }), schedules.delete(id, { expectedVersion: 1.5 })])
      await expect(call).rejects.toMatchObject({ code: 'SCHEDULE_INVALID', issues: [{ field: 'expectedVersion' }] });
    expect(await schedules.get(id)).toMatchObject({ enabled: false, version: 2 });
    await schedules.delete(id, { expectedVersion: 2 });
    await expect(schedules.delete(id, { expectedVersion: 2 })).rejects.toMatchObject({ code: 'SCHEDULE_UNKNOWN' });
  });

  it('keeps a name and a group for people', async () => {
    const { schedules } = await startQuiet();
    const made = await schedules.create({
      job: Tick,
      every: '1h',
      payload: { of: 'a' },
      name: 'Hourly',
      group: 'DEFAULT',
    });
    expect(made).toMatchObject({ name: 'Hourly', group: 'DEFAULT', remark: undefined });
    const changed = await schedules.update(made.id, { name: 'Each hour', group: null, description: 'by hand' });
    expect(changed).toMatchObject({ name: 'Each hour', group: undefined, remark: 'by hand', description: 'by hand' });
  });

  it('keeps the changes of all who change it at once', async () => {
    const { schedules } = await startQuiet();
    const { id } = await schedules.create({ job: Tick, every: '1h', payload: { of: 'a' } });
    await Promise.all([
      schedules.update(id, { description: 'changed' }),
      schedules.update(id, { maxCatchUp: 7 }),
      schedules.disable(id),
      schedules.update(id, { timezone: 'Asia/Tokyo' }),
    ]);
    const changed = { description: 'changed', maxCatchUp: 7, enabled: false, timezone: 'Asia/Tokyo', version: 5 };
    expect(await schedules.get(id)).toMatchObject(changed);
  });

  it('that is enabled again has missed nothing; enabling what is enabled changes nothing', async () => {
    const { schedules, stored } = await startQuiet();
    const { id } = await schedules.create({ job: Tick, every: '1h', payload: { of: 'a' }, enabled: false });
    const made = (await stored(id))!;
    const enabled = await schedules.enable(id);
    expect((await stored(id))!.enabledAt).toBe(enabled.updatedAt.getTime());
    expect(await schedules.enable(id)).toMatchObject({ version: 2, updatedAt: enabled.updatedAt });
    await schedules.disable(id);
    expect(await schedules.disable(id)).toMatchObject({ version: 3, enabled: false });
    await schedules.update(id, { enabled: true });
    const again = (await stored(id))!;
    expect(again).toMatchObject({ enabled: true, anchor: made.anchor, enabledAt: again.updatedAt });
  });

  it('that does not exist is refused, with what may be meant', async () => {
    const { schedules } = await startQuiet();
    await schedules.create({ id: 'nightly', job: Tick, every: '1h', payload: { of: 'a' } });
    const calls = [
      schedules.get('nigthly'),
      schedules.update('nigthly', { every: '2h' }),
      schedules.delete('nigthly'),
      schedules.enable('nigthly'),
      schedules.disable('nigthly'),
      schedules.runNow('nigthly'),
    ];
    for (const call of calls) {
      await expect(call).rejects.toMatchObject({
        code: 'SCHEDULE_UNKNOWN',
        message: expect.stringContaining('no schedule "nigthly". Did you mean "nightly"?'),
        details: { id: 'nigthly' },
      });
    }
  });
});
