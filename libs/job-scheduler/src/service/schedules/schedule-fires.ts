import { nextFire } from '../../cron/next-fire.js';
import type { ScheduleSpec } from '../../cron/schedule-spec.js';
import { parseSchedule } from '../../cron/schedule.js';
import type { ScheduleData } from '../../store/ports/schedule-store.js';

/** Why its bounds cannot be; undefined when they can. */
export function endsBeforeStart({ start, end }: Pick<ScheduleSpec, 'start' | 'end'>): string | undefined {
  if (start === undefined || end === undefined || start <= end) return undefined;
  const [from, to] = [start, end].map((time) => new Date(time).toISOString());
  return `The end, ${to}, is before the start, ${from}. Allowed: an end after the start.`;
}

/** Why a schedule would never fire; undefined when it does. A start after the end is told of elsewhere. */
export function neverFires(spec: ScheduleSpec, now: number): string | undefined {
  const { start, end } = spec;
  if (end === undefined || (start !== undefined && start > end)) return undefined;
  if (nextFire(spec, now, now) !== undefined) return undefined;
  const at = new Date(end).toISOString();
  const problem = end <= now ? `The end, ${at}, is past` : `There is no fire before the end, ${at}`;
  return `${problem}: the schedule would never fire.`;
}

/** Of a stored schedule; undefined when it cannot be read any more: it can be given another timing. */
export function storedSpec({ expression }: ScheduleData): ScheduleSpec | undefined {
  try {
    return parseSchedule(expression, 'UTC');
  } catch {
    return undefined;
  }
}
