import type { ScheduleSpec } from '../../cron/schedule-spec.js';
import { scheduleSpecOf } from '../../scheduling/schedule-spec-of.js';
import type { StoredSchedule } from '../../store/ports/schedule-store.js';

/** An interval of the same length keeps its phase. */
export function anchorOf(spec: ScheduleSpec, stored: StoredSchedule, now: number): number {
  if (spec.kind !== 'interval') return 0;
  return intervalOf(stored) === spec.every ? stored.anchor : now;
}

/** The length of an interval; undefined for all else. */
function intervalOf(stored: StoredSchedule): number | undefined {
  try {
    const spec = scheduleSpecOf(stored);
    return spec.kind === 'interval' ? spec.every : undefined;
  } catch {
    return undefined;
  }
}
