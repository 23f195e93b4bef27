/** A cron expression as tables that answer fast. What each field may hold is in `cron-field.ts`. */
import { ScheduleError } from '../errors/definition-errors.js';
import { didYouMean } from '../errors/did-you-mean.js';
import { CRON_FIELDS, CronFieldProblem, readCronField, type CronField, type SpecialDay } from './cron-field.js';
import { inspectShort } from '../common/inspect-short.js';

export interface CronTable {
  /**
   * `each`: fires at every real moment whose local time matches. `once`: each local time fires once a day.
   * `each` when the minute or hour field starts with `*` (docs/semantics.md#daylight-saving-time).
   */
  readonly rule: 'each' | 'once';
  /** For each second: the next one that matches, itself included; -1 when there is none. The same for minutes and hours. */
  readonly nextSecond: Int8Array;
  readonly nextMinute: Int8Array;
  readonly nextHour: Int8Array;
  /** 1 at each month that matches; months count from 1. */
  readonly months: Uint8Array;
  /**
   * Whether a day matches.
   * @param weekday 0 is Sunday.
   * @param last the number of days in the month.
   */
  matchesDay(day: number, weekday: number, last: number): boolean;
}

export const CRON_MACROS: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
]);

const ALLOWED =
  'Allowed: "minute hour day-of-month month day-of-week" such as "0 2 * * mon-fri", six fields with seconds first, a macro such as "@daily", or an interval such as "every 15m".';

/** All sixty minutes by name are 169 characters. */
const LONGEST = 1_000;

/** A fleet has thousands of schedules, and each is asked for its next fire again and again. */
const CACHE_LIMIT = 10_000;
const cache = new Map<string, CronTable>();

/** The expression in its plainest form: macros resolved, one space between fields. @throws ScheduleError */
export function normalizeCron(expression: string): string {
  if (expression.length > LONGEST)
    throw cronError(expression, `has ${expression.length} characters. Allowed: at most ${LONGEST}.`);
  const text = expression.split(/\s/).filter(Boolean).join(' ');
  const other = otherWay(text);
  if (other) throw cronError(expression, other);
  if (!text.startsWith('@')) return text;
  const resolved = CRON_MACROS.get(text.toLowerCase());
  if (resolved !== undefined) return resolved;
  throw cronError(expression, `is not a macro.${didYouMean(text, [...CRON_MACROS.keys()], 'Allowed')}`);
}

/** What other crons write into the expression, and stands in an option here. */
function otherWay(text: string): string | undefined {
  if (/^@reboot$/i.test(text)) return 'is no time. For a run at each first boot of a definition, set runOnStart: true.';
  if (/^(?:CRON_)?TZ=/i.test(text)) return 'names a time zone. Give it as the option timezone: "Europe/Berlin".';
  if (text.split(' ').length === 7)
    return 'has 7 fields: years are no field here. Bound the schedule by the options start and end.';
  return undefined;
}

/** @throws ScheduleError when the expression cannot be read. */
export function cronTable(expression: string): CronTable {
  const known = cache.get(expression);
  if (known) return known;
  const table = compile(expression);
  if (cache.size >= CACHE_LIMIT) cache.clear();
  cache.set(expression, table);
  return table;
}

function compile(expression: string): CronTable {
  const fields = normalizeCron(expression).split(' ');
  if (fields.length !== 5 && fields.length !== 6) {
    const count = expression.trim() === '' ? 0 : fields.length;
    throw cronError(expression, `has ${count} ${count === 1 ? 'field' : 'fields'}. ${ALLOWED}`);
  }
  const six = fields.length === 5 ? ['0', ...fields] : fields;
  const read = six.map((text, index) => readField(expression, text, index));
  const [second, minute, hour, dayOfMonth, month, dayOfWeek] = read as [
    CronField,
    CronField,
    CronField,
    CronField,
    CronField,
    CronField,
  ];
  return Object.freeze({
    rule: minute.startsWithStar || hour.startsWithStar ? 'each' : 'once',
    nextSecond: nextValues(second.values),
    nextMinute: nextValues(minute.values),
    nextHour: nextValues(hour.values),
    months: month.values,
    matchesDay: dayMatcher(dayOfMonth, dayOfWeek),
  });
}

function readField(expression: string, text: string, index: number): CronField {
  try {
    return readCronField(text, index);
  } catch (problem) {
    if (!(problem instanceof CronFieldProblem)) throw problem;
    const { name } = CRON_FIELDS[index]!;
    throw cronError(expression, `has a bad ${name} field, ${inspectShort(text)}: ${problem.message}. ${ALLOWED}`);
  }
}

function cronError(expression: string, problem: string): ScheduleError {
  return new ScheduleError('schedule', expression, `The schedule ${inspectShort(expression)} ${problem}`);
}

function nextValues(values: Uint8Array): Int8Array {
  const next = new Int8Array(values.length);
  let found = -1;
  for (let value = values.length - 1; value >= 0; value--) {
    if (values[value]) found = value;
    next[value] = found;
  }
  return next;
}

/**
 * Debian's rule (man 5 crontab): where either day field begins with `*`, both must match; where neither does, one is
 * enough.
 */
function dayMatcher(dayOfMonth: CronField, dayOfWeek: CronField): CronTable['matchesDay'] {
  const matches = (field: CronField, value: number, day: number, weekday: number, last: number): boolean =>
    field.values[value] === 1 || field.special.some((special) => isSpecialDay(special, day, weekday, last));
  if (dayOfMonth.startsWithStar || dayOfWeek.startsWithStar)
    return (day, weekday, last) =>
      matches(dayOfMonth, day, day, weekday, last) && matches(dayOfWeek, weekday, day, weekday, last);
  return (day, weekday, last) =>
    matches(dayOfMonth, day, day, weekday, last) || matches(dayOfWeek, weekday, day, weekday, last);
}

function isSpecialDay(special: SpecialDay, day: number, weekday: number, last: number): boolean {
  switch (special.kind) {
    case 'from-end':
      return day === last - special.offset;
    case 'nth':
      return weekday === special.weekday && Math.ceil(day / 7) === special.nth;
    case 'last':
      return weekday === special.weekday && day > last - 7;
    case 'last-working-day':
      return day === nearestWorkingDay(last, day, weekday, last);
    default:
      return special.day <= last && day === nearestWorkingDay(special.day, day, weekday, last);
  }
}

/** The Monday to Friday nearest to `wanted`, in its month, where `day` is a `weekday`. */
function nearestWorkingDay(wanted: number, day: number, weekday: number, last: number): number {
  const fallsOn = (((weekday + wanted - day) % 7) + 7) % 7;
  if (fallsOn === 6) return wanted > 1 ? wanted - 1 : wanted + 2;
  if (fallsOn === 0) return wanted < last ? wanted + 1 : wanted - 2;
  return wanted;
}
