import { describe, expect, it } from '@jest/globals';
import type { Schedule } from './schedule-options.js';
import { nextFire } from './next-fire.js';
import { parseSchedule } from './schedule.js';
import { createRepeatStrategy, fromPattern, toPattern, toStoredRepeat, type StoredRepeat } from './schedule-pattern.js';

const anchor = Date.parse('2026-03-01T00:00:07.123Z');
const after = Date.parse('2026-03-28T12:00:00Z');
const YEAR = 365 * 86_400_000;

function strategy() {
  const reports: string[] = [];
  return { next: createRepeatStrategy((problem) => reports.push(problem)), reports };
}

describe('toPattern', () => {
  it.each([
    ['every 15m', `every 900000 ${anchor}`],
    ['every 1h', '0 * * * *'],
    ['@daily', '0 0 * * *'],
    [' 30  2 * * mon ', '30 2 * * mon'],
  ])('%p is stored as %p', (schedule, pattern) => {
    expect(toPattern(parseSchedule(schedule, 'UTC'), anchor)).toBe(pattern);
  });
});

describe('what is stored', () => {
  const bounds = { start: new Date('2026-04-01T00:00:00Z'), end: new Date('2026-04-02T12:00:00Z') };

  it.each<[string | Schedule]>([
    ['every 7h'],
    ['30 2 * * *'],
    [{ cron: '*/15 3 * * *', ...bounds }],
    [{ every: '7h', ...bounds }],
  ])('fires as the schedule does: %p', (schedule) => {
    const spec = parseSchedule(schedule, 'Europe/Berlin');
    // Through JSON, as BullMQ keeps it.
    const stored = JSON.parse(JSON.stringify(toStoredRepeat(spec, anchor))) as StoredRepeat;
    const { next, reports } = strategy();
    let at: number | undefined = after;
    for (let fires = 0; at !== undefined && fires < 20; fires++) {
      const expected: number | undefined = nextFire(spec, at, anchor);
      expect(next(at, stored)).toBe(expected);
      at = expected;
    }
    expect(reports).toEqual([]);
  });

  it('is read back', () => {
    expect(fromPattern({ pattern: `every 900000 ${anchor}`, tz: 'UTC' })).toEqual({
      anchor,
      spec: expect.objectContaining({ kind: 'interval', every: 900_000 }),
    });
    expect(fromPattern({ pattern: '0 2 * * *', endDate: '2026-04-02T12:00:00Z' })).toEqual({
      anchor: 0,
      spec: expect.objectContaining({ kind: 'cron', timezone: 'UTC', end: Date.parse('2026-04-02T12:00:00Z') }),
    });
  });
});

describe('the repeat strategy', () => {
  it('ends a schedule that has ended', () => {
    expect(strategy().next(after, { pattern: '@daily', tz: 'UTC', endDate: after })).toBeUndefined();
    expect(strategy().next(after, { pattern: '0 0 30 2 *', tz: 'UTC' })).toBeUndefined();
  });

  it.each<[unknown]>([
    [{}],
    [{ pattern: '' }],
    [{ pattern: '61 * * * *' }],
    [{ pattern: 'every 15m' }],
    [{ pattern: 'every 0 0' }],
    [{ pattern: 'every 999 0' }],
    [{ pattern: 'every 900000' }],
    [{ pattern: 5 }],
    [{ pattern: null }],
    [{ pattern: '@daily', tz: 'Mars/Olympus' }],
    [{ pattern: 'every 900000 0', tz: 'Mars/Olympus' }],
    [{ pattern: '@daily', endDate: 'never' }],
    [null],
    [undefined],
  ])('gives a date far away, and reports, for %p', (stored) => {
    const { next, reports } = strategy();
    expect(next(after, stored as StoredRepeat)).toBeGreaterThan(after + 9 * YEAR);
    expect(reports).toEqual([expect.stringContaining('cannot be read and does not fire: ')]);
  });

  it('does not throw when the report does', () => {
    const next = createRepeatStrategy(() => {
      throw new Error('no logger');
    });
    expect(next(after, { pattern: 'x' })).toBeGreaterThan(after);
  });
});
