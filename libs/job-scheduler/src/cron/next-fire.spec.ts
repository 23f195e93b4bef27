import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { Schedule } from './schedule-options.js';
import { nextFire } from './next-fire.js';
import { parseSchedule } from './schedule.js';

interface Row {
  expression: string;
  timezone: string;
  from: string;
  next: string[];
}

const rows = JSON.parse(readFileSync(new URL('testdata/cron.json', import.meta.url), 'utf8')) as Row[];

/** As in the table: no milliseconds. */
function text(instant: number): string {
  return new Date(instant).toISOString().replace('.000Z', 'Z');
}

function fires(schedule: string | Schedule, timezone: string, from: string, count: number, anchor = 0): string[] {
  const spec = parseSchedule(schedule, timezone);
  const found: string[] = [];
  let at = nextFire(spec, Date.parse(from), anchor);
  while (at !== undefined && found.length < count) {
    found.push(text(at));
    at = nextFire(spec, at, anchor);
  }
  return found;
}

describe('the table of cron fires', () => {
  it('has 160 rows', () => {
    expect(rows).toHaveLength(160);
  });

  it.each(rows.map((row) => [row.expression, row.timezone, row.from, row.next] as const))(
    '%s in %s after %s',
    (expression, timezone, from, next) => {
      expect(fires(expression, timezone, from, next.length)).toEqual(next);
    },
  );
});

describe('day and night changes', () => {
  it.each<[string, string, string, string, string[]]>([
    [
      'midnight that is skipped',
      '0 0 * * *',
      'Africa/Cairo',
      '2026-04-23T00:00:00Z',
      ['2026-04-23T22:00:00Z', '2026-04-24T21:00:00Z'],
    ],
    ['the same as every 24h', 'every 24h', 'Africa/Cairo', '2026-04-23T00:00:00Z', ['2026-04-23T22:00:00Z']],
    [
      'an hour before midnight that is repeated',
      '30 23 * * *',
      'Africa/Cairo',
      '2026-10-29T12:00:00Z',
      ['2026-10-29T20:30:00Z', '2026-10-30T21:30:00Z'],
    ],
    [
      'a jump of two hours, many times in it: once',
      '*/10 1,2 * * *',
      'Antarctica/Troll',
      '2026-03-28T23:30:00Z',
      ['2026-03-29T23:00:00Z'],
    ],
    [
      'the same with fixed minutes',
      '0,30 1,2 * * *',
      'Antarctica/Troll',
      '2026-03-28T23:30:00Z',
      ['2026-03-29T01:00:00Z', '2026-03-29T23:00:00Z'],
    ],
    [
      'a jump of half an hour',
      '15 2 * * *',
      'Australia/Lord_Howe',
      '2026-10-03T12:00:00Z',
      ['2026-10-03T15:30:00Z', '2026-10-04T15:15:00Z'],
    ],
    [
      'half an hour that is repeated',
      '45 1 * * *',
      'Australia/Lord_Howe',
      '2026-04-04T12:00:00Z',
      ['2026-04-04T14:45:00Z', '2026-04-05T15:15:00Z'],
    ],
    [
      'a whole day that is skipped, with a Friday in it',
      '0 9 * * fri',
      'Pacific/Apia',
      '2011-12-29T00:00:00Z',
      ['2011-12-30T10:00:00Z', '2012-01-05T19:00:00Z'],
    ],
    [
      'seconds in a repeated hour, each',
      '30 */30 1 * * *',
      'Europe/Berlin',
      '2026-10-24T23:00:00Z',
      ['2026-10-24T23:00:30Z', '2026-10-24T23:30:30Z'],
    ],
    [
      'seconds in a skipped hour',
      '*/20 30 2 * * *',
      'Europe/Berlin',
      '2026-03-28T12:00:00Z',
      ['2026-03-29T01:00:00Z', '2026-03-30T00:30:00Z', '2026-03-30T00:30:20Z'],
    ],
  ])('%s', (_, schedule, timezone, from, expected) => {
    expect(fires(schedule, timezone, from, expected.length)).toEqual(expected);
  });

  it('does not fire again when asked from inside the repeated hour', () => {
    expect(fires('30 1 * * *', 'America/New_York', '2026-11-01T06:15:00Z', 1)).toEqual(['2026-11-02T06:30:00Z']);
  });
});

describe('calendar', () => {
  it.each<[string, string, string[]]>([
    ['0 0 29 2 *', '2026-01-01T00:00:00Z', ['2028-02-29T00:00:00Z', '2032-02-29T00:00:00Z']],
    ['0 0 29 2 *', '2096-03-01T00:00:00Z', ['2104-02-29T00:00:00Z']],
    ['0 0 * 2 mon#5', '2026-01-01T00:00:00Z', ['2044-02-29T00:00:00Z', '2072-02-29T00:00:00Z', '2112-02-29T00:00:00Z']],
    ['0 0 L * *', '2028-01-31T00:00:00Z', ['2028-02-29T00:00:00Z', '2028-03-31T00:00:00Z']],
    ['0 0 15,L 4 *', '2026-01-01T00:00:00Z', ['2026-04-15T00:00:00Z', '2026-04-30T00:00:00Z']],
    ['0 12 * * friL', '2026-01-01T00:00:00Z', ['2026-01-30T12:00:00Z', '2026-02-27T12:00:00Z']],
    ['0 12 * * 7L', '2026-01-01T00:00:00Z', ['2026-01-25T12:00:00Z', '2026-02-22T12:00:00Z']],
    ['0 0 * * tue#2', '2026-01-01T00:00:00Z', ['2026-01-13T00:00:00Z', '2026-02-10T00:00:00Z']],
    ['0 0 13 * fri', '2026-02-01T00:00:00Z', ['2026-02-06T00:00:00Z', '2026-02-13T00:00:00Z', '2026-02-20T00:00:00Z']],
    ['0 0 31 * mon#1', '2026-01-06T00:00:00Z', ['2026-01-31T00:00:00Z', '2026-02-02T00:00:00Z']],
    ['0 0 30 2 sun', '2026-02-02T00:00:00Z', ['2026-02-08T00:00:00Z']],
    ['59 59 23 31 12 *', '2026-01-01T00:00:00Z', ['2026-12-31T23:59:59Z', '2027-12-31T23:59:59Z']],
    ['0 0 * * 0,7', '2026-01-01T00:00:00Z', ['2026-01-04T00:00:00Z', '2026-01-11T00:00:00Z']],
    ['0 0 * * 6-7,0', '2026-01-01T00:00:00Z', ['2026-01-03T00:00:00Z', '2026-01-04T00:00:00Z', '2026-01-10T00:00:00Z']],
    [
      '0 0 1-5,3 * *',
      '2026-01-02T12:00:00Z',
      ['2026-01-03T00:00:00Z', '2026-01-04T00:00:00Z', '2026-01-05T00:00:00Z', '2026-02-01T00:00:00Z'],
    ],
    [
      '*/15,30 0 * * *',
      '2026-01-01T00:00:00Z',
      ['2026-01-01T00:15:00Z', '2026-01-01T00:30:00Z', '2026-01-01T00:45:00Z', '2026-01-02T00:00:00Z'],
    ],
    // Ranges that wrap, as in Quartz.
    [
      '0 0 * * fri-mon',
      '2026-01-05T12:00:00Z',
      [
        '2026-01-09T00:00:00Z',
        '2026-01-10T00:00:00Z',
        '2026-01-11T00:00:00Z',
        '2026-01-12T00:00:00Z',
        '2026-01-16T00:00:00Z',
      ],
    ],
    [
      '0 22-2 1 1 *',
      '2026-01-01T00:30:00Z',
      [
        '2026-01-01T01:00:00Z',
        '2026-01-01T02:00:00Z',
        '2026-01-01T22:00:00Z',
        '2026-01-01T23:00:00Z',
        '2027-01-01T00:00:00Z',
      ],
    ],
    [
      '0 22-2/2 1 1 *',
      '2026-01-01T00:30:00Z',
      ['2026-01-01T02:00:00Z', '2026-01-01T22:00:00Z', '2027-01-01T00:00:00Z'],
    ],
    [
      '0 0 1 nov-feb *',
      '2026-01-15T00:00:00Z',
      ['2026-02-01T00:00:00Z', '2026-11-01T00:00:00Z', '2026-12-01T00:00:00Z', '2027-01-01T00:00:00Z'],
    ],
    [
      '0 0 30-1 * *',
      '2026-01-15T00:00:00Z',
      ['2026-01-30T00:00:00Z', '2026-01-31T00:00:00Z', '2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z'],
    ],
    [
      '0 0 * * sat-sun',
      '2026-01-01T00:00:00Z',
      ['2026-01-03T00:00:00Z', '2026-01-04T00:00:00Z', '2026-01-10T00:00:00Z'],
    ],
    [
      '0 0 * * mon-sun',
      '2026-01-01T00:00:00Z',
      ['2026-01-02T00:00:00Z', '2026-01-03T00:00:00Z', '2026-01-04T00:00:00Z'],
    ],
    [
      '0 0 * * 7-2',
      '2026-01-01T00:00:00Z',
      ['2026-01-04T00:00:00Z', '2026-01-05T00:00:00Z', '2026-01-06T00:00:00Z', '2026-01-11T00:00:00Z'],
    ],
    [
      '58-1 0 1 1 *',
      '2026-01-01T00:00:00Z',
      ['2026-01-01T00:01:00Z', '2026-01-01T00:58:00Z', '2026-01-01T00:59:00Z', '2027-01-01T00:00:00Z'],
    ],
    // Debian's rule for the two day fields: with a star in front, both must match.
    ['5 12 */2 * 1', '2026-06-01T13:00:00Z', ['2026-06-15T12:05:00Z', '2026-06-29T12:05:00Z']],
    ['0 0 */2 * MON', '2026-06-01T13:00:00Z', ['2026-06-15T00:00:00Z', '2026-06-29T00:00:00Z']],
    ['0 0 1-7 * */7', '2026-06-01T00:00:00Z', ['2026-06-07T00:00:00Z', '2026-07-05T00:00:00Z']],
    ['0 0 */100,1-7 * 1', '2026-06-01T00:00:00Z', ['2026-07-06T00:00:00Z', '2026-08-03T00:00:00Z']],
    ['0 0 *,5 * mon', '2026-06-01T00:00:00Z', ['2026-06-08T00:00:00Z', '2026-06-15T00:00:00Z']],
    // Quartz's days.
    ['0 9 15W * *', '2026-08-01T00:00:00Z', ['2026-08-14T09:00:00Z', '2026-09-15T09:00:00Z']],
    ['0 9 1W * *', '2026-07-15T00:00:00Z', ['2026-08-03T09:00:00Z', '2026-09-01T09:00:00Z']],
    ['0 9 31W * *', '2026-05-01T00:00:00Z', ['2026-05-29T09:00:00Z', '2026-07-31T09:00:00Z', '2026-08-31T09:00:00Z']],
    ['0 9 lw * *', '2026-05-01T00:00:00Z', ['2026-05-29T09:00:00Z', '2026-06-30T09:00:00Z']],
    ['0 9 L-3 * *', '2026-08-01T00:00:00Z', ['2026-08-28T09:00:00Z', '2026-09-27T09:00:00Z']],
    [
      '0 9 L-3,1W * *',
      '2026-08-01T00:00:00Z',
      ['2026-08-03T09:00:00Z', '2026-08-28T09:00:00Z', '2026-09-01T09:00:00Z'],
    ],
    [
      '0 9 * * 1#1,1#3',
      '2026-06-02T00:00:00Z',
      ['2026-06-15T09:00:00Z', '2026-07-06T09:00:00Z', '2026-07-20T09:00:00Z'],
    ],
    ['0 9 * * 1,3#2', '2026-06-02T00:00:00Z', ['2026-06-08T09:00:00Z', '2026-06-10T09:00:00Z', '2026-06-15T09:00:00Z']],
    ['0 9 * * friL,mon#1', '2026-06-02T00:00:00Z', ['2026-06-26T09:00:00Z', '2026-07-06T09:00:00Z']],
    ['0 0 ? * 1-5', '2026-01-02T12:00:00Z', ['2026-01-05T00:00:00Z']],
    ['@yearly', '2026-01-01T00:00:00Z', ['2027-01-01T00:00:00Z']],
    ['@WEEKLY', '2026-01-01T00:00:00Z', ['2026-01-04T00:00:00Z']],
    ['@midnight', '2026-01-01T00:00:00Z', ['2026-01-02T00:00:00Z']],
  ])('%s after %s', (expression, from, expected) => {
    expect(fires(expression, 'UTC', from, expected.length)).toEqual(expected);
  });

  it('fires later than the moment that it is asked for, to the millisecond', () => {
    expect(fires('* * * * * *', 'UTC', '2026-01-01T00:00:00.000Z', 1)).toEqual(['2026-01-01T00:00:01Z']);
    expect(fires('* * * * * *', 'UTC', '2025-12-31T23:59:59.999Z', 1)).toEqual(['2026-01-01T00:00:00Z']);
  });

  it.each([[Number.NaN], [Infinity], [8.64e15], [-Infinity], [-8.64e15], [-1e14], [0]])(
    'takes %p for a moment',
    (after) => {
      for (const schedule of ['30 2 * * *', '*/5 * * * *', 'every 90s']) {
        const next = nextFire(parseSchedule(schedule, 'Europe/Amsterdam'), after, 0);
        expect(next === undefined || next > after).toBe(true);
      }
    },
  );
});

describe('intervals', () => {
  const anchor = Date.parse('2026-03-29T00:00:10.500Z');

  it('are counted from the anchor, through a change of clocks', () => {
    const spec = parseSchedule('every 90m', 'Europe/Berlin');
    const found = [anchor, anchor + 1, anchor + 5_399_999, anchor + 5_400_000].map((after) =>
      nextFire(spec, after, anchor),
    );
    expect(found.map((at) => (at ?? 0) - anchor)).toEqual([5_400_000, 5_400_000, 5_400_000, 10_800_000]);
  });

  it('do not fire at the anchor or before', () => {
    const spec = parseSchedule('every 15m', 'UTC');
    expect(nextFire(spec, anchor - 86_400_000, anchor)).toBe(anchor + 900_000);
  });
});

describe('start and end', () => {
  const start = new Date('2026-06-01T02:00:00Z');
  const end = new Date('2026-06-03T02:00:00Z');

  it('bound the fires, both included', () => {
    expect(fires({ cron: '0 2 * * *', start, end }, 'UTC', '2026-01-01T00:00:00Z', 9)).toEqual([
      '2026-06-01T02:00:00Z',
      '2026-06-02T02:00:00Z',
      '2026-06-03T02:00:00Z',
    ]);
  });

  it('keep the phase of an interval', () => {
    const anchor = Date.parse('2026-01-01T00:00:07Z');
    const schedule: Schedule = { every: '7h', start, end: new Date('2026-06-01T13:00:00Z') };
    const found = fires(schedule, 'UTC', '2026-01-01T00:00:00Z', 9, anchor);
    expect(found).toHaveLength(2);
    for (const at of found) expect((Date.parse(at) - anchor) % (7 * 3_600_000)).toBe(0);
  });
});
