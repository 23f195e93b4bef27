/**
 * Random schedules against an oracle that shares no code with the library: it reads expressions by itself and walks every
 * real minute (or second) by Intl. To repeat a failure: CRON_SEED=<seed from the test's name>.
 */
import { describe, expect, it } from '@jest/globals';
import { nextFire } from './next-fire.js';
import { parseSchedule } from './schedule.js';
import type { ScheduleSpec } from './schedule-spec.js';
import { inSuite } from '../../../../test/support/suite.js';

const seed = Number(process.env.CRON_SEED ?? Math.floor(Math.random() * 2 ** 31));
let state = seed;

/** mulberry32: from 0 to 1. */
function random(): number {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}
const upTo = (least: number, most: number) => least + Math.floor(random() * (most - least + 1));
const oneOf = <T>(list: readonly T[]) => list[upTo(0, list.length - 1)] as T;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const ZONES = Intl.supportedValuesOf('timeZone');
/** Half hours, two hours, jumps at midnight, offsets of 45 minutes, a day that was skipped, Ramadan. */
const HARD_ZONES =
  'Australia/Lord_Howe Antarctica/Troll Africa/Cairo Asia/Beirut America/Havana America/Santiago Asia/Kathmandu Australia/Eucla Pacific/Chatham Africa/Casablanca Pacific/Apia America/St_Johns Asia/Gaza Asia/Tehran Atlantic/Azores America/Sao_Paulo America/Asuncion Asia/Amman America/Scoresbysund America/Nuuk Europe/Berlin America/New_York Europe/Dublin Asia/Pyongyang America/Caracas Pacific/Norfolk'.split(
    ' ',
  );

interface Moment {
  instant: number;
  /** What the clock shows, as if it were UTC. */
  wall: number;
  /** Whether the clock shows it for the first time. */
  first: boolean;
  /** What it would have shown before, had it not jumped. */
  skipped: number[];
}

function clockOf(timezone: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: timezone, dateStyle: 'short', timeStyle: 'medium' });
  return (instant) => Date.parse(`${format.format(instant).replace(' ', 'T')}Z`);
}

function windowIn(timezone: string, step: number, length: number): Moment[] {
  const clock = clockOf(timezone);
  const year = random() < 0.7 ? upTo(2008, 2030) : upTo(1975, 2037);
  let middle = Date.UTC(year, upTo(0, 11), upTo(1, 28), upTo(0, 23));
  const changes: number[] = [];
  const offset = (instant: number) => clock(instant) - instant;
  for (let day = Date.UTC(year, 0, 1); day < Date.UTC(year + 1, 0, 1); day += DAY) {
    if (offset(day) !== offset(day + DAY)) changes.push(day);
  }
  if (changes.length > 0 && random() < 0.85) {
    middle = oneOf(changes);
    while (offset(middle) === offset(middle + HOUR / 2)) middle += HOUR / 2;
  }
  const start = middle - length / 2;
  const shown = new Set<number>();
  let expected: number | undefined;
  return Array.from({ length: length / step }, (_, index) => {
    const instant = start + index * step;
    const wall = clock(instant);
    const first = !shown.has(wall);
    const skipped: number[] = [];
    for (let missing = expected ?? wall; missing < wall; missing += step) skipped.push(missing);
    shown.add(wall);
    expected = wall + step;
    return { instant, wall, first, skipped };
  });
}

function number(least: number, most: number): string {
  return String(upTo(least, most));
}

function range(least: number, most: number): string {
  const from = upTo(least, most);
  return `${from}-${upTo(from, most)}`;
}

function wrapped(least: number, most: number): string {
  const from = upTo(least + 1, most);
  return `${from}-${upTo(least, from - 1)}`;
}

function field(least: number, most: number, stars: number): string {
  if (random() < stars) return random() < 0.5 ? '*' : `*/${upTo(2, Math.min(20, most - least + 1))}`;
  const kinds = [
    () => number(least, most),
    () => number(least, most),
    () => range(least, most),
    () => wrapped(least, most),
    () => `${wrapped(least, most)}/${upTo(2, 7)}`,
    () => `${range(least, most)}/${upTo(2, 7)}`,
    () => [...new Set([number(least, most), number(least, most), number(least, most)])].join(','),
    () => `${upTo(least, most)}/${upTo(2, Math.min(15, most - least + 1))}`,
  ];
  return oneOf(kinds)();
}

const NAMES = ['sun', 'MON', 'tue', 'Wed', 'thu', 'fri', 'sat'];
const MONTHS = ['jan', 'FEB', 'mar', 'apr', 'may', 'Jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

function expressionNear(moment: Moment, withSeconds: boolean): string {
  const day = new Date(moment.wall + upTo(-1, 1) * DAY);
  const hour = random() < 0.6 ? field(0, 4, 0.3) : field(0, 23, 0.4);
  const days =
    random() < 0.6
      ? '*'
      : oneOf([
          String(day.getUTCDate()),
          field(1, 31, 0.2),
          'L',
          '28-31',
          '?',
          '*/2',
          '*/100,1-7',
          'LW',
          'L-3',
          '30-2',
          '1,15W',
          `${day.getUTCDate()}W`,
          'L-1,3',
        ]);
  const months =
    random() < 0.8
      ? '*'
      : oneOf([String(day.getUTCMonth() + 1), MONTHS[day.getUTCMonth()] as string, field(1, 12, 0.2)]);
  const weekday = day.getUTCDay();
  const weekdays =
    random() < 0.6
      ? '*'
      : oneOf([
          NAMES[weekday] as string,
          `${weekday}L`,
          `${weekday}#${Math.ceil(day.getUTCDate() / 7)}`,
          '1-5',
          '6,7',
          '0,7',
          'fri-mon',
          'sat-2',
          '1#1,1#3',
          `${weekday}#1,friL`,
          '*/7',
          field(0, 6, 0.2),
          'mon-fri',
        ]);
  const seconds = withSeconds ? `${field(0, 59, 0.4)} ` : '';
  return `${seconds}${field(0, 59, 0.4)} ${hour} ${days} ${months} ${weekdays}`;
}

/** The values that a field's text names, written from the rules. */
function valuesOf(text: string, least: number, most: number, count = most - least + 1): boolean[] {
  const named = (value: number) =>
    text.split(',').some((item) => {
      const [base = '', step] = item.split('/');
      const [from = 0, to] = base === '*' || base === '?' ? [least, most] : base.split('-').map(Number);
      const last = to ?? (step === undefined ? from : Math.max(from, least + count - 1));
      const each = Number(step ?? 1);
      if (from <= last) return value >= from && value <= last && (value - from) % each === 0;
      // Over the end of the field and on from its beginning.
      return value >= from ? (value - from) % each === 0 : value <= last && (value + count - from) % each === 0;
    });
  return Array.from({ length: most + 1 }, (_, value) => value >= least && named(value));
}

function numbered(text: string, names: string[], first: number): string {
  return names.reduce((each, name, index) => each.replaceAll(name.toLowerCase(), String(index + first)), text);
}

/** The items of a list that are values, as a list again, and those that depend on the month. */
function apart(text: string): [plain: string, special: string[]] {
  const items = text.split(',');
  const special = items.filter((item) => /[lw#]/.test(item));
  const plain = items.filter((item) => !special.includes(item));
  return [plain.length > 0 ? plain.join(',') : '99', special];
}

/** The dates of a month. */
function monthOf(date: Date): Date[] {
  const dates = Array.from(
    { length: 31 },
    (_, n) => new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), n + 1)),
  );
  return dates.filter((each) => each.getUTCMonth() === date.getUTCMonth());
}

const works = (date: Date) => date.getUTCDay() % 6 !== 0;

/** `l`, `l-3`, `lw`, `15w`: found by looking at all days of the month. */
function isThatDay(text: string, date: Date): boolean {
  const month = monthOf(date);
  const day = date.getUTCDate();
  if (text === 'lw') return day === month.findLast(works)?.getUTCDate();
  if (text.startsWith('l')) return day === month.length - Number(text.split('-')[1] ?? 0);
  const wanted = Number.parseInt(text, 10);
  if (wanted > month.length) return false;
  const away = (each: Date) => Math.abs(each.getUTCDate() - wanted);
  // Of a Saturday the Friday is nearest, of a Sunday the Monday: one day away, unless the month ends there.
  const nearest = month.filter(works).toSorted((a, b) => away(a) - away(b))[0];
  return day === nearest?.getUTCDate();
}

/** `5l`, `1#2`. */
function isThatWeekday(text: string, date: Date): boolean {
  const [weekday = '', nth] = text.split('#');
  const same = monthOf(date).filter((each) => each.getUTCDay() === Number.parseInt(weekday, 10) % 7);
  const found = nth === undefined ? same.at(-1) : same[Number(nth) - 1];
  return found?.getUTCDate() === date.getUTCDate();
}

/** Whether the clock's time matches. */
function matcher(expression: string): (wall: number) => boolean {
  const fields = expression.toLowerCase().split(' ');
  const [second, minuteText, hourText, day, month, weekday] = (fields.length === 5 ? ['0', ...fields] : fields) as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const seconds = valuesOf(second, 0, 59);
  const minutes = valuesOf(minuteText, 0, 59);
  const hours = valuesOf(hourText, 0, 23);
  const [plainDays, specialDays] = apart(day);
  const days = valuesOf(plainDays, 1, 31);
  const months = valuesOf(numbered(month, MONTHS, 1), 1, 12);
  const [plainWeekdays, specialWeekdays] = apart(numbered(weekday, NAMES, 0));
  const weekdays = valuesOf(plainWeekdays, 0, 7, 7);
  const starred = (text: string) => /^[*?]/.test(text);

  const dateMatches = (date: Date) => {
    const dayOfWeek = date.getUTCDay();
    const byDay = days[date.getUTCDate()] === true || specialDays.some((text) => isThatDay(text, date));
    const byWeekday =
      weekdays[dayOfWeek] === true ||
      (dayOfWeek === 0 && weekdays[7] === true) ||
      specialWeekdays.some((text) => isThatWeekday(text, date));
    if (months[date.getUTCMonth() + 1] !== true) return false;
    return starred(day) || starred(weekday) ? byDay && byWeekday : byDay || byWeekday;
  };
  let midnight = Number.NaN;
  let today = false;
  // No globals in here: tests run in a context where looking one up is slow.
  return (wall) => {
    if (!(wall >= midnight && wall < midnight + DAY)) {
      midnight = wall - (((wall % DAY) + DAY) % DAY);
      today = dateMatches(new Date(midnight));
    }
    if (!today) return false;
    const time = (wall - midnight) / 1000;
    const hour = (time - (time % 3600)) / 3600;
    const minute = ((time - (time % 60)) / 60) % 60;
    return seconds[time % 60] === true && minutes[minute] === true && hours[hour] === true;
  };
}

function oracle(expression: string, moments: Moment[]): number[] {
  const matches = matcher(expression);
  const [minute = '', hour = ''] = expression.split(' ').slice(-5);
  const fires =
    /^[*?]/.test(minute) || /^[*?]/.test(hour)
      ? moments.filter(({ wall }) => matches(wall))
      : moments.filter(({ wall, first, skipped }) => (first && matches(wall)) || skipped.some(matches));
  return fires.map(({ instant }) => instant);
}

interface Disagreement {
  expression: string;
  timezone: string;
  after: Date;
  found: Date[];
  expected: Date[];
}

/** Undefined for an expression that is refused since no date matches it: then the oracle must find none, either. */
function readUnlessNever(expression: string, timezone: string): ScheduleSpec | undefined {
  try {
    return parseSchedule(expression, timezone);
  } catch (error) {
    if ((error as Error).message.includes('never fires')) return undefined;
    throw error;
  }
}

/** In each window, `each` random expressions; their first 40 fires after a random moment must be the oracle's. */
function compare(windows: number, each: number, step: number, length: number, warmUp: number) {
  const disagreements: Disagreement[] = [];
  let cases = 0;
  let fires = 0;
  for (let window = 0; window < windows; window++) {
    const timezone = random() < 0.6 ? oneOf(HARD_ZONES) : oneOf(ZONES);
    const moments = windowIn(timezone, step, length);
    const end = (moments.at(-1) as Moment).instant;
    for (let index = 0; index < each; index++) {
      const expression = expressionNear(oneOf(moments), step < MINUTE);
      const after = (moments[0] as Moment).instant + warmUp + upTo(0, length / 2);
      const expected = oracle(expression, moments)
        .filter((instant) => instant > after)
        .slice(0, 40);
      const found: number[] = [];
      const spec = readUnlessNever(expression, timezone);
      for (let at = spec && nextFire(spec, after, 0); at !== undefined && at <= end; at = nextFire(spec!, at, 0)) {
        if (found.push(at) === 40) break;
      }
      cases++;
      fires += expected.length;
      if (found.join() === expected.join()) continue;
      const dates = (instants: number[]) => instants.map((instant) => new Date(instant));
      disagreements.push({
        expression,
        timezone,
        after: new Date(after),
        found: dates(found),
        expected: dates(expected),
      });
    }
  }
  return { cases, fires, disagreements };
}

const WINDOWS = inSuite(25, 125);
const BY_SECOND = inSuite(5, 20);

describe(`the next fire, against a walk by the clock (CRON_SEED=${seed})`, () => {
  it(`agrees by the minute in ${40 * WINDOWS} cases`, () => {
    const { cases, fires, disagreements } = compare(WINDOWS, 40, MINUTE, 5 * DAY, 1.5 * DAY);
    expect(disagreements).toEqual([]);
    expect(cases).toBe(40 * WINDOWS);
    expect(fires).toBeGreaterThan(80 * WINDOWS);
  });

  it(`agrees by the second in ${30 * BY_SECOND} cases`, () => {
    const { cases, fires, disagreements } = compare(BY_SECOND, 30, 1000, 6 * HOUR, 1000);
    expect(disagreements).toEqual([]);
    expect(cases).toBe(30 * BY_SECOND);
    expect(fires).toBeGreaterThan(25 * BY_SECOND);
  });
});
