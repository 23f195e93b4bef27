import { ScheduleError } from '../errors/definition-errors.js';
import { inspectShort } from './inspect-short.js';

/**
 * Milliseconds, or a text of whole numbers with units: `'500ms'`, `'30s'`, `'1h30m'`, `'7d'`. Units, in this order: w, d, h, m,
 * s, ms. At most 100 years. Of a text that is only known when the program runs, write `text as Duration`: it is checked then.
 */
export type Duration =
  | number
  | Exclude<
      `${'' | `${number}w`}${'' | `${number}d`}${'' | `${number}h`}${'' | `${number}m`}${'' | `${number}s`}${'' | `${number}ms`}`,
      ''
    >;

const MS = 1;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;

/** In the order in which a text names them. */
const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['w', WEEK],
  ['d', DAY],
  ['h', HOUR],
  ['m', MINUTE],
  ['s', SECOND],
  ['ms', MS],
];

/** 100 years. More would put dates out of what JavaScript and the stores can hold. */
export const LONGEST_DURATION = 36_525 * DAY;

/** Longer than any duration that can be meant: checked first, so that no text costs more than this. */
const LONGEST_TEXT = 100;

/** One part: a number and its unit. Sticky: parts are read one after the other, each character once. */
const PART = /(\d{1,15})(ms|[wdhms]) */y;

const ALLOWED =
  'Allowed: a whole number of milliseconds, or numbers with the units w, d, h, m, s, ms in this order, such as "500ms", "30s", "1h30m", "7d".';

export type DurationReading =
  { readonly ok: true; readonly ms: number } | { readonly ok: false; readonly problem: string };

/** Reads a duration without throwing. `problem` has the value and what is allowed. */
export function readDuration(value: unknown): DurationReading {
  const ms =
    typeof value === 'number'
      ? value
      : typeof value === 'string'
        ? parseText(value.slice(0, 4 * LONGEST_TEXT).trim())
        : Number.NaN;
  if (!Number.isInteger(ms) || ms < 0)
    return { ok: false, problem: `${inspectShort(value)} is not a duration. ${ALLOWED}` };
  if (ms > LONGEST_DURATION) {
    return {
      ok: false,
      problem: `${inspectShort(value)} is too long. Allowed: at most ${LONGEST_DURATION / DAY}d (100 years).`,
    };
  }
  return { ok: true, ms };
}

/**
 * A duration in milliseconds.
 * @param at what the duration is for, named in the error: `timeout`.
 * @throws ScheduleError when it cannot be read.
 */
export function parseDuration(value: Duration, at?: string): number {
  const reading = readDuration(value);
  if (reading.ok) return reading.ms;
  throw new ScheduleError('duration', value, at === undefined ? reading.problem : `${at}: ${reading.problem}`);
}

/** `5400000` as `1h30m`: a text that `parseDuration` reads back to the same number. */
export function formatDuration(ms: number): string {
  let left = ms;
  let text = '';
  for (const [unit, size] of UNITS) {
    // Weeks only when nothing is left over: 10 days are `10d`, not `1w3d`.
    if (left < size || (unit === 'w' && left % size !== 0)) continue;
    text += `${Math.floor(left / size)}${unit}`;
    left %= size;
  }
  return text || '0ms';
}

function parseText(text: string): number {
  if (text === '' || text.length > LONGEST_TEXT) return Number.NaN;
  let sum = 0;
  let next = 0;
  PART.lastIndex = 0;
  while (PART.lastIndex < text.length) {
    const [, count, unit] = PART.exec(text) ?? [];
    const place = UNITS.findIndex(([name], index) => index >= next && name === unit);
    if (place < 0) return Number.NaN;
    sum += Number(count) * UNITS[place]![1];
    next = place + 1;
  }
  return sum;
}
