/**
 * A cron expression as tables that answer fast. The grammar is cron-parser's; what is on top:
 * exactly 5 or 6 fields, the macros, no `H`, no step longer than its field, and days that no month has are no error.
 */
import { CronExpressionParser, type CronFieldCollection } from 'cron-parser';
import { didYouMean } from '../errors/did-you-mean.js';
import { ScheduleError } from '../errors/definition-errors.js';
import { show } from './show.js';

export interface CronTable {
  /**
   * `each`: fires at every real moment whose local time matches. `once`: each local time fires once a day.
   * By the rule for day and night changes: `each` when the minute or hour field starts with `*`.
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

export const CRON_MACROS: Readonly<Record<string, string>> = Object.freeze({
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
});

const FIELDS = [
  { name: 'second', span: 60 },
  { name: 'minute', span: 60 },
  { name: 'hour', span: 24 },
  { name: 'day of month', span: 31 },
  { name: 'month', span: 12 },
  { name: 'day of week', span: 7 },
] as const;

const ALLOWED =
  'Allowed: "minute hour day-of-month month day-of-week" such as "0 2 * * mon-fri", six fields with seconds first, a macro such as "@daily", or an interval such as "every 15m".';

/** A fleet has thousands of schedules, and each is asked for its next fire again and again. */
const CACHE_LIMIT = 10_000;
const cache = new Map<string, CronTable>();

/** The expression in its plainest form: macros resolved, one space between fields. @throws ScheduleError */
export function normalizeCron(expression: string): string {
  const text = expression.trim().split(/\s+/).join(' ');
  if (!text.startsWith('@')) return text;
  const resolved = CRON_MACROS[text.toLowerCase()];
  if (resolved !== undefined) return resolved;
  throw cronError(expression, `is not a macro.${didYouMean(text, Object.keys(CRON_MACROS), 'Allowed')}`);
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
  six.forEach((field, index) => checkField(expression, field, index));
  const [second, minute, hour, day, month, weekday] = six as [string, string, string, string, string, string];
  // Months apart from days: cron-parser takes "30 2" for an error, here it is an expression that never fires.
  const times = read(expression, [second, minute, hour, day, '*', weekday]);
  const months = read(expression, ['0', '0', '0', '*', month, '*']);
  return Object.freeze({
    rule: startsWithStar(minute) || startsWithStar(hour) ? 'each' : 'once',
    nextSecond: nextValues(times.second.values, 60),
    nextMinute: nextValues(times.minute.values, 60),
    nextHour: nextValues(times.hour.values, 24),
    months: flags(months.month.values, 13),
    matchesDay: dayMatcher(times),
  });
}

function startsWithStar(field: string): boolean {
  return field.startsWith('*') || field.startsWith('?');
}

/** What cron-parser lets pass, and should not. */
function checkField(expression: string, field: string, index: number): void {
  // cron-parser would draw a number at random, another one in each process.
  if (/h/i.test(field.replaceAll(/thu/gi, ''))) throw fieldError(expression, field, index, '"H" is not supported');
  for (const [, step] of field.matchAll(/\/(\d+)/g)) {
    if (Number(step) <= (FIELDS[index]?.span ?? 0)) continue;
    // "*/90" would fire at minute 0 of every hour.
    const problem = `a step of ${step} is longer than the field; for an interval, write "every" and a duration`;
    throw fieldError(expression, field, index, problem);
  }
}

function read(expression: string, fields: readonly string[]): CronFieldCollection {
  try {
    return parse(fields);
  } catch (thrown) {
    // Each field alone, so that the error can name it.
    fields.forEach((field, index) => {
      try {
        parse(FIELDS.map((_, other) => (other === index ? field : '*')));
      } catch (alone) {
        throw fieldError(expression, field, index, plainText(alone));
      }
    });
    throw cronError(expression, `cannot be read: ${plainText(thrown)}. ${ALLOWED}`);
  }
}

function fieldError(expression: string, field: string, index: number, problem: string): ScheduleError {
  return cronError(expression, `has a bad ${FIELDS[index]?.name} field, ${show(field)}: ${problem}. ${ALLOWED}`);
}

function parse(fields: readonly string[]): CronFieldCollection {
  return CronExpressionParser.parse(fields.join(' '), { currentDate: 0, tz: 'UTC' }).fields;
}

/** cron-parser's text without its own class names and prefixes. */
function plainText(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.replace(/^(?:Cron\w+ )?(?:Validation|Constraint) error, /, '').replace(/\.$/, '');
}

function cronError(expression: string, problem: string): ScheduleError {
  return new ScheduleError('schedule', expression, `The schedule ${show(expression)} ${problem}`);
}

function nextValues(values: readonly number[], size: number): Int8Array {
  const next = new Int8Array(size);
  let found = -1;
  for (let value = size - 1; value >= 0; value--) {
    if (values.includes(value)) found = value;
    next[value] = found;
  }
  return next;
}

function flags(values: readonly (number | string)[], size: number): Uint8Array {
  const set = new Uint8Array(size);
  for (const value of values) if (typeof value === 'number') set[value] = 1;
  return set;
}

function dayMatcher({ dayOfMonth, dayOfWeek }: CronFieldCollection): CronTable['matchesDay'] {
  const days = flags(dayOfMonth.values, 32);
  const lastDay = dayOfMonth.hasLastChar;
  const weekdays = flags(dayOfWeek.values, 8);
  // 7 is Sunday, too.
  if (weekdays[7]) weekdays[0] = 1;
  const lastWeekdays = new Uint8Array(8);
  for (const value of dayOfWeek.values as readonly (number | string)[]) {
    if (typeof value === 'string') lastWeekdays[Number.parseInt(value, 10) % 7] = 1;
  }
  const nth = dayOfWeek.nthDay;
  const byDay = (day: number, last: number) => days[day] === 1 || (lastDay && day === last);
  const byWeekday = (day: number, weekday: number, last: number) =>
    (weekdays[weekday] === 1 && (nth === 0 || Math.ceil(day / 7) === nth)) ||
    (lastWeekdays[weekday] === 1 && day > last - 7);
  // Restricted is a field that is neither * nor ?. With both restricted, either matches.
  if (dayOfWeek.isWildcard) return (day, _weekday, last) => byDay(day, last);
  if (dayOfMonth.isWildcard) return byWeekday;
  return (day, weekday, last) => byDay(day, last) || byWeekday(day, weekday, last);
}
