import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { describeSchedule } from './describe-schedule.js';
import type { Schedule } from './schedule-options.js';
import { nextOccurrences } from './next-occurrences.js';
import { parseSchedule } from './schedule.js';
import { resolveTimeZone } from './time-zone.js';

const HOUR = 3_600_000;
const cron = (expression: string, text = expression) => ({ expression, kind: 'cron', cron: text, every: 0 });
const interval = (expression: string, every: number) => ({ expression, kind: 'interval', cron: '', every });

describe('parseSchedule', () => {
  it.each<[string | Schedule, object]>([
    ['0 2 * * *', cron('0 2 * * *')],
    ['  0   2 *\t* *  ', cron('0   2 *\t* *', '0 2 * * *')],
    ['30 0 2 * * MON-fri', cron('30 0 2 * * MON-fri')],
    ['@daily', cron('@daily', '0 0 * * *')],
    ['@Yearly', cron('@Yearly', '0 0 1 1 *')],
    ['@annually', cron('@annually', '0 0 1 1 *')],
    ['@monthly', cron('@monthly', '0 0 1 * *')],
    ['@weekly', cron('@weekly', '0 0 * * 0')],
    ['@midnight', cron('@midnight', '0 0 * * *')],
    ['@hourly', cron('@hourly', '0 * * * *')],
    ['every 15m', interval('every 15m', HOUR / 4)],
    ['@every 15m', interval('every 15m', HOUR / 4)],
    ['0 0 * * 0,7', cron('0 0 * * 0,7')],
    ['*/15,30 * * * *', cron('*/15,30 * * * *')],
    ['Every 1h30m', interval('every 1h30m', 1.5 * HOUR)],
    ['every 1s', interval('every 1s', 1000)],
    ['every 1h', cron('every 1h', '0 * * * *')],
    ['every 60m', cron('every 60m', '0 * * * *')],
    ['every 3600s', cron('every 3600s', '0 * * * *')],
    ['every 24h', cron('every 24h', '0 0 * * *')],
    ['every 1d', cron('every 1d', '0 0 * * *')],
    ['every 2h', interval('every 2h', 2 * HOUR)],
    ['every 2d', interval('every 2d', 48 * HOUR)],
    ['every 1w', interval('every 1w', 168 * HOUR)],
    [{ cron: '@daily' }, cron('@daily', '0 0 * * *')],
    [{ every: '90s' }, interval('every 90s', 90_000)],
    [{ every: 90_000 }, interval('every 1m30s', 90_000)],
    [{ every: 24 * HOUR, payload: { a: 1 } }, cron('every 1d', '0 0 * * *')],
  ])('reads %p', (schedule, expected) => {
    const spec = parseSchedule(schedule, 'UTC');
    expect(spec).toEqual({ timezone: 'UTC', start: undefined, end: undefined, ...expected });
    expect(Object.isFrozen(spec)).toBe(true);
  });

  it('takes zone, start and end from the schedule', () => {
    const schedule = { cron: '0 2 * * *', timezone: 'Asia/Kathmandu', start: new Date(5), end: new Date(9) };
    expect(parseSchedule(schedule, 'Europe/Berlin')).toMatchObject({ timezone: 'Asia/Kathmandu', start: 5, end: 9 });
    expect(parseSchedule({ cron: '0 2 * * *' }, 'Europe/Berlin').timezone).toBe('Europe/Berlin');
  });

  it.each<[unknown, string]>([
    ['', 'The schedule "" has 0 fields. Allowed: "minute hour day-of-month month day-of-week"'],
    ['* * * *', 'The schedule "* * * *" has 4 fields.'],
    ['* * * * * * * *', 'has 8 fields.'],
    ['noon', 'The schedule "noon" has 1 field.'],
    ['61 * * * *', 'has a bad minute field, "61": 61 is not from 0 to 59. Allowed:'],
    ['0 24 * * *', 'has a bad hour field, "24"'],
    ['60 0 0 * * *', 'has a bad second field, "60"'],
    ['0 0 0 * *', 'has a bad day of month field, "0"'],
    ['0 0 32 * *', 'has a bad day of month field, "32"'],
    ['0 0 * 13 *', 'has a bad month field, "13"'],
    ['0 0 * foo *', 'has a bad month field, "foo": "foo" is neither a number from 1 to 12 nor a name.'],
    ['0 0 * * mno', 'Did you mean "mon"?'],
    ['0 0 * * 8', 'has a bad day of week field, "8"'],
    ['0 0 * * mon#6', 'has a bad day of week field, "mon#6"'],
    ['0 0 * * L', 'has a bad day of week field, "L"'],
    ['0 0 32W * *', 'has a bad day of month field, "32W"'],
    ['0 0 L-31 * *', 'has a bad day of month field, "L-31"'],
    ['L * * * *', 'has a bad minute field, "L"'],
    ['0 0 * * mon#2#3', 'has a bad day of week field'],
    ['0 0 * * 1-', 'has a bad day of week field'],
    ['1-2-3 * * * *', 'has a bad minute field, "1-2-3"'],
    ['*/2/2 * * * *', 'has a bad minute field, "*/2/2"'],
    ['0 0 31 2 *', 'The schedule "0 0 31 2 *" never fires'],
    ['0 0 30 2 *', 'never fires'],
    ['0 0 31 4,6,9,11 *', 'never fires'],
    ['0 0 30W 2 *', 'never fires'],
    ['@reboot', 'set runOnStart: true'],
    ['TZ=Europe/Berlin 0 2 * * *', 'Give it as the option timezone'],
    ['CRON_TZ=UTC 0 2 * * *', 'Give it as the option timezone'],
    ['0 0 2 * * * 2030', 'has 7 fields: years are no field here'],
    ['1.5 * * * *', 'has a bad minute field, "1.5"'],
    ['-5 * * * *', 'has a bad minute field, "-5"'],
    ['*/0 * * * *', 'has a bad minute field, "*/0"'],
    ['1,,2 * * * *', 'has a bad minute field, "1,,2"'],
    [
      '*/90 * * * *',
      'has a bad minute field, "*/90": a step of 90 is longer than the field; for an interval, write "every"',
    ],
    ['H * * * *', 'has a bad minute field, "H": "H" is not supported'],
    ['0 0 * * thu,H', 'has a bad day of week field, "thu,H": "H" is not supported'],
    [`0 0 * * ${'1,'.repeat(2000)}1`, 'has 4009 characters. Allowed: at most 1000.'],
    [`0 0 * * *${' '.repeat(2000)}x`, 'characters. Allowed: at most 1000.'],
    ['@dayly', 'The schedule "@dayly" is not a macro. Did you mean "@daily"? Allowed: @yearly, '],
    ['@every soon', 'every: "soon" is not a duration.'],
    ['every', 'every: "" is not a duration. Allowed:'],
    ['every soon', 'every: "soon" is not a duration. Allowed:'],
    ['every 999ms', '"every 999ms" is too often. Allowed: every 1s or more.'],
    [{ every: 0 }, '"every 0ms" is too often. Allowed: every 1s or more.'],
    [{ every: -5 }, 'every: -5 is not a duration.'],
    [{}, 'A schedule needs cron or every, and not both; this one has neither.'],
    [{ cron: '@daily', every: '1d' }, 'A schedule needs cron or every, and not both; this one has both.'],
    [
      { crom: '@daily' },
      'A schedule has no option "crom". Did you mean "cron"? Known: cron, every, timezone, payload, start, end.',
    ],
    [{ cron: 5 }, 'cron: 5 is not a text. Allowed: a cron expression such as "0 2 * * *".'],
    [{ cron: '@daily', start: '2026-01-01' }, 'start: "2026-01-01" is not a date. Allowed: a valid Date.'],
    [
      { cron: '@daily', start: new Date(8.64e15) },
      'start: +275760-09-13T00:00:00.000Z is too late. Allowed: until the year 9999.',
    ],
    [{ cron: '@daily', end: new Date('x') }, 'end: Invalid Date is not a date. Allowed: a valid Date.'],
    [
      { cron: '@daily', start: new Date(9), end: new Date(5) },
      "The schedule's end, 1970-01-01T00:00:00.005Z, is before its start, 1970-01-01T00:00:00.009Z.",
    ],
    [null, 'null is not a schedule. Allowed:'],
    [15, '15 is not a schedule.'],
    [new Date(0), 'is not a schedule.'],
    [['0 2 * * *'], 'is not a schedule.'],
  ])('refuses %p', (schedule, message) => {
    expect(() => parseSchedule(schedule as string, 'UTC')).toThrow(
      expect.objectContaining({ code: 'SCHEDULE_INVALID', message: expect.stringContaining(message) }),
    );
  });
});

describe('resolveTimeZone', () => {
  it.each([
    ['UTC', 'UTC'],
    ['utc', 'UTC'],
    ['europe/berlin', 'Europe/Berlin'],
    ['US/Eastern', 'US/Eastern'],
    ['Asia/Kolkata', 'Asia/Kolkata'],
    ['Asia/Calcutta', 'Asia/Calcutta'],
    ['Etc/GMT+5', 'Etc/GMT+5'],
  ])('stores %p as %p', (name, stored) => {
    expect(resolveTimeZone(name)).toBe(stored);
    expect(resolveTimeZone(name)).toBe(stored);
  });

  it("stores 'local' by its IANA name", () => {
    expect(resolveTimeZone('local')).toBe(new Intl.DateTimeFormat().resolvedOptions().timeZone);
  });

  describe("'local', when Intl says", () => {
    afterEach(() => void jest.restoreAllMocks());
    const say = (timeZone: string | undefined) => {
      const options = new Intl.DateTimeFormat().resolvedOptions();
      jest
        .spyOn(Intl.DateTimeFormat.prototype, 'resolvedOptions')
        .mockReturnValue({ ...options, timeZone: timeZone as string });
    };

    it('a zone: is that zone', () => {
      say('Pacific/Chatham');
      expect(resolveTimeZone('local')).toBe('Pacific/Chatham');
    });

    // As Node 20 does when TZ is rubbish.
    it.each([[undefined], ['Etc/Unknown']])('%p: is refused', (zone) => {
      say(zone);
      expect(() => resolveTimeZone('local')).toThrow('Set TZ to an IANA name');
    });
  });

  it.each<[unknown, string]>([
    [
      'Europe/Berln',
      '"Europe/Berln" is not a time zone. Did you mean "Europe/Berlin"? Allowed: an IANA name such as "UTC"',
    ],
    ['Berlin', 'Did you mean "Europe/Berlin"?'],
    ['new york', 'Did you mean "America/New_York"?'],
    ['Local', 'Did you mean "local"?'],
    ['UCT2', 'Did you mean "UTC"?'],
    ['Mars/Olympus_Mons', '"Mars/Olympus_Mons" is not a time zone. Allowed:'],
    ['+02:00', '"+02:00" is not a time zone. Allowed:'],
    ['', '"" is not a time zone. Allowed:'],
    [' UTC', '" UTC" is not a time zone.'],
    ['Europe/Berlin\u0000', 'is not a time zone.'],
    [undefined, 'undefined is not a time zone.'],
    [5, '5 is not a time zone.'],
    [{}, '{} is not a time zone.'],
  ])('refuses %p', (name, message) => {
    expect(() => resolveTimeZone(name as string)).toThrow(
      expect.objectContaining({
        code: 'SCHEDULE_INVALID',
        message: expect.stringContaining(message),
        details: { field: 'timezone', value: name },
      }),
    );
  });
});

describe('nextOccurrences', () => {
  const after = new Date('2026-03-28T12:00:00Z');

  it('gives dates, in the zone that is asked for', () => {
    expect(nextOccurrences('30 2 * * *', { timezone: 'Europe/Berlin', after, count: 2 })).toEqual([
      new Date('2026-03-29T01:00:00Z'),
      new Date('2026-03-30T00:30:00Z'),
    ]);
  });

  it('takes UTC, now and 5 where nothing is said', () => {
    const before = Date.now();
    const dates = nextOccurrences('@hourly');
    expect(dates).toHaveLength(5);
    expect(dates.every((date) => date.getTime() % HOUR === 0 && date.getTime() > before)).toBe(true);
  });

  it('counts an interval from `after`', () => {
    expect(nextOccurrences('every 90m', { after, count: 2 })).toEqual([
      new Date('2026-03-28T13:30:00Z'),
      new Date('2026-03-28T15:00:00Z'),
    ]);
    expect(nextOccurrences('every 60m', { after: new Date('2026-03-28T12:10:00Z'), count: 1 })).toEqual([
      new Date('2026-03-28T13:00:00Z'),
    ]);
  });

  it('ends where the schedule ends', () => {
    expect(nextOccurrences({ cron: '@daily', end: new Date('2026-03-30T00:00:00Z') }, { after })).toHaveLength(2);
    expect(nextOccurrences({ cron: '@daily', end: after }, { after })).toEqual([]);
  });

  it.each<[object, string]>([
    [{ count: 0 }, 'count: 0 is not allowed'],
    [{ count: 1e9 }, 'count: 1000000000 is not allowed'],
    [{ count: '3' }, 'count: "3" is not allowed'],
    [{ after: new Date('x') }, 'after: Invalid Date is not a date'],
    [{ after: 5 }, 'after: 5 is not a date'],
    [{ timezone: 'Mars' }, '"Mars" is not a time zone'],
  ])('refuses %p', (options, message) => {
    expect(() => nextOccurrences('@daily', options)).toThrow(message);
  });
});

describe('describeSchedule', () => {
  it.each<[string | Schedule, string]>([
    ['0 2 * * *', 'At 02:00'],
    ['@daily', 'At 00:00'],
    ['30 14 * * mon-fri', 'At 14:30, Monday through Friday'],
    ['0 0 * * friL', 'At 00:00, on the last Friday of the month'],
    ['0 0 L * *', 'At 00:00, on the last day of the month'],
    ['0 0 * * tue#2', 'At 00:00, on the second Tuesday of the month'],
    ['*/10 * * * * *', 'Every 10 seconds'],
    ['0 0 L-3 * *', 'At 00:00, 3 days before the last day of the month'],
    ['every 15m', 'Every 15 minutes'],
    ['every 1m', 'Every minute'],
    ['every 1s', 'Every second'],
    ['every 1w', 'Every week'],
    ['every 10d', 'Every 10 days'],
    ['every 1h30m', 'Every 1 hour and 30 minutes'],
    ['every 1d1h1m', 'Every 1 day, 1 hour, and 1 minute'],
    ['every 60m', 'Every hour'],
    ['every 24h', 'At 00:00'],
    [{ every: 1500 }, 'Every 1 second and 500 milliseconds'],
  ])('says of %p: %p', (schedule, words) => {
    expect(describeSchedule(schedule)).toBe(words);
  });

  it('refuses what is no schedule', () => {
    expect(() => describeSchedule('sometimes')).toThrow('The schedule "sometimes" has 1 field.');
  });
});
