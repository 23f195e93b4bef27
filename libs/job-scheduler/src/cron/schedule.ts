import { types } from 'node:util';
import { ScheduleError } from '../errors/definition-errors.js';
import { didYouMean } from '../errors/did-you-mean.js';
import { nextWallTime } from './cron-calendar.js';
import { cronTable, normalizeCron } from './cron-table.js';
import { type Duration, formatDuration, parseDuration } from '../common/duration.js';
import type { Schedule } from './schedule-options.js';
import { isPlainObject } from '../common/option-faults.js';
import type { ScheduleSpec } from './schedule-spec.js';
import { inspectShort } from '../common/inspect-short.js';
import { resolveTimeZone } from './time-zone.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const SHORTEST_INTERVAL = 1000;
const EVERY = /^@?every\b\s*/i;

/** The intervals that follow the wall clock. All others are real time from an anchor. */
const WALL_CLOCK_INTERVALS: ReadonlyMap<number, string> = new Map([
  [HOUR, '0 * * * *'],
  [DAY, '0 0 * * *'],
]);

const SCHEDULE_OPTIONS = ['cron', 'every', 'timezone', 'payload', 'start', 'end'] as const satisfies (keyof Schedule)[];

/**
 * Reads a schedule: a cron expression, a macro, `every 15m`, or a `Schedule` object.
 * @param timezone stands where the schedule names none.
 * @throws ScheduleError that names what is wrong and what is allowed.
 */
export function parseSchedule(schedule: string | Schedule, timezone: string): ScheduleSpec {
  if (typeof schedule === 'string') return parseText(schedule, resolveTimeZone(timezone), {});
  const unchecked: unknown = schedule;
  if (!isPlainObject(unchecked)) {
    throw new ScheduleError(
      'schedule',
      schedule,
      `${inspectShort(schedule)} is not a schedule. Allowed: a cron expression, a text such as "every 15m", or an object with cron or every.`,
    );
  }
  for (const name of Object.keys(schedule)) {
    if (SCHEDULE_OPTIONS.some((known) => known === name)) continue;
    throw new ScheduleError(
      'schedule',
      schedule,
      `A schedule has no option ${inspectShort(name)}.${didYouMean(name, SCHEDULE_OPTIONS, 'Known')}`,
    );
  }
  const zone = resolveTimeZone(schedule.timezone ?? timezone);
  const bounds = readBounds(schedule);
  if ((schedule.cron === undefined) === (schedule.every === undefined)) {
    throw new ScheduleError(
      'schedule',
      schedule,
      `A schedule needs cron or every, and not both; this one has ${schedule.cron === undefined ? 'neither' : 'both'}.`,
    );
  }
  return schedule.every === undefined
    ? parseText(schedule.cron as string, zone, bounds)
    : intervalSpec(schedule.every, zone, bounds);
}

type Bounds = Partial<Pick<ScheduleSpec, 'start' | 'end'>>;

function parseText(text: string, timezone: string, bounds: Bounds): ScheduleSpec {
  if (typeof text !== 'string') {
    throw new ScheduleError(
      'schedule',
      text,
      `cron: ${inspectShort(text)} is not a text. Allowed: a cron expression such as "0 2 * * *".`,
    );
  }
  const expression = text.trim();
  if (EVERY.test(expression)) return intervalSpec(expression.replace(EVERY, ''), timezone, bounds);
  const cron = normalizeCron(expression);
  if (nextWallTime(cronTable(cron), 0) === undefined)
    throw new ScheduleError(
      'schedule',
      text,
      `The schedule ${inspectShort(expression)} never fires: no date matches it.`,
    );
  return cronSpec(expression, cron, timezone, bounds);
}

function intervalSpec(duration: string | number, timezone: string, bounds: Bounds): ScheduleSpec {
  const every = parseDuration(duration as Duration, 'every');
  const expression = typeof duration === 'string' ? `every ${duration.trim()}` : `every ${formatDuration(every)}`;
  if (every < SHORTEST_INTERVAL) {
    throw new ScheduleError(
      'schedule',
      expression,
      `${inspectShort(expression)} is too often. Allowed: every 1s or more.`,
    );
  }
  const cron = WALL_CLOCK_INTERVALS.get(every);
  if (cron !== undefined) return cronSpec(expression, cron, timezone, bounds);
  return Object.freeze({
    expression,
    kind: 'interval',
    cron: '',
    every,
    timezone,
    start: undefined,
    end: undefined,
    ...bounds,
  });
}

function cronSpec(expression: string, cron: string, timezone: string, bounds: Bounds): ScheduleSpec {
  return Object.freeze({
    expression,
    kind: 'cron',
    cron,
    every: 0,
    timezone,
    start: undefined,
    end: undefined,
    ...bounds,
  });
}

function readBounds(schedule: Schedule): Bounds {
  const start = readDate('start', schedule.start);
  const end = readDate('end', schedule.end);
  if (start !== undefined && end !== undefined && start > end) {
    throw new ScheduleError(
      'schedule',
      schedule,
      `The schedule's end, ${new Date(end).toISOString()}, is before its start, ${new Date(start).toISOString()}.`,
    );
  }
  return { start, end };
}

function readDate(field: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const time = types.isDate(value) ? value.getTime() : Number.NaN;
  const problem = dateProblem(time, value);
  if (problem) throw new ScheduleError('schedule', value, `${field}: ${problem}`);
  return time;
}

/** The last millisecond of the year 9999. What is later was most often multiplied by 1,000 once too often. */
const LATEST = Date.UTC(10_000, 0) - 1;

/** What is wrong with a bound of a schedule. @param time its milliseconds since the epoch; NaN for what is no Date. */
export function dateProblem(time: number, value: unknown): string | undefined {
  if (Number.isNaN(time)) return `${inspectShort(value)} is not a date. Allowed: a valid Date.`;
  return time > LATEST ? `${inspectShort(value)} is too late. Allowed: until the year 9999.` : undefined;
}
