import type { ScheduleSpec } from '../cron/schedule-spec.js';
import { parseSchedule } from '../cron/schedule.js';
import type { ScheduleData } from '../store/ports/schedule-store.js';

/**
 * When a stored schedule fires.
 * @throws ScheduleError when its expression or zone cannot be read: a newer version may have stored it.
 */
export function scheduleSpecOf({
  expression,
  timezone,
  start,
  end,
}: Pick<ScheduleData, 'expression' | 'timezone' | 'start' | 'end'>): ScheduleSpec {
  return { ...parseSchedule(expression, timezone), start, end };
}
