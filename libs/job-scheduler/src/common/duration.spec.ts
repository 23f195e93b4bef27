import { describe, expect, it } from '@jest/globals';
import { type Duration, formatDuration, LONGEST_DURATION, parseDuration, readDuration } from './duration.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('parseDuration', () => {
  it.each<[number | string, number]>([
    [0, 0],
    [1500, 1500],
    ['0s', 0],
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 5 * MINUTE],
    ['90m', 90 * MINUTE],
    ['1h30m', 90 * MINUTE],
    ['1h 30m', 90 * MINUTE],
    [' 7d ', 7 * DAY],
    ['2w', 14 * DAY],
    ['1w2d3h4m5s6ms', 9 * DAY + 3 * HOUR + 4 * MINUTE + 5006],
    ['36525d', LONGEST_DURATION],
  ])('%p is %p ms', (value, ms) => {
    expect(parseDuration(value as Duration)).toBe(ms);
  });

  it.each<[unknown]>([
    [-1],
    [1.5],
    [Number.NaN],
    [Infinity],
    [''],
    ['   '],
    ['5'],
    ['5 minutes'],
    ['1.5h'],
    ['-5s'],
    ['30m1h'],
    ['1h1h'],
    ['1H'],
    ['5y'],
    ['ms'],
    ['5s\u0000'],
    [null],
    [undefined],
    [true],
    [{}],
    [['5s']],
    [5n],
    [Symbol('5s')],
  ])('refuses %p', (value) => {
    expect(readDuration(value)).toEqual({ ok: false, problem: expect.stringContaining('is not a duration. Allowed:') });
  });

  it('names the field, the value and what is allowed', () => {
    expect(() => parseDuration('5 minutes' as Duration, 'timeout')).toThrow(
      expect.objectContaining({
        code: 'SCHEDULE_INVALID',
        message:
          'timeout: "5 minutes" is not a duration. Allowed: a whole number of milliseconds, or numbers with the units w, d, h, m, s, ms in this order, such as "500ms", "30s", "1h30m", "7d".',
        details: { field: 'duration', value: '5 minutes' },
      }),
    );
  });

  it.each([[Number.MAX_SAFE_INTEGER], ['36526d'], ['9'.repeat(15) + 'w']])('refuses %p as too long', (value) => {
    expect(readDuration(value)).toEqual({ ok: false, problem: expect.stringContaining('too long') });
  });

  it('keeps a long value out of the message', () => {
    const reading = readDuration('x'.repeat(10_000));
    expect(reading.ok).toBe(false);
    expect(JSON.stringify(reading).length).toBeLessThan(400);
  });
});

describe('formatDuration', () => {
  it.each<[number, string]>([
    [0, '0ms'],
    [1, '1ms'],
    [1500, '1s500ms'],
    [90 * MINUTE, '1h30m'],
    [DAY, '1d'],
    [7 * DAY, '1w'],
    [10 * DAY, '10d'],
    [14 * DAY + 1, '14d1ms'],
  ])('%p ms is %p', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it('is read back to the same number', () => {
    for (let ms = 1; ms < LONGEST_DURATION; ms = Math.ceil(ms * 1.37)) {
      expect(parseDuration(formatDuration(ms) as Duration)).toBe(ms);
    }
  });
});
