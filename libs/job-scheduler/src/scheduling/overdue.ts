import { nextFire } from '../cron/next-fire.js';
import type { StoredSchedule } from '../store/ports/schedule-store.js';
import { scheduleSpecOf } from './stored-repeat.js';

/** How late a fire may be taken, in milliseconds: what is later is a misfire by default, too. */
const LATE = 60_000;

/** Whether a fire of this schedule is due for longer than that, and no process has taken it. */
export function isOverdue(schedule: StoredSchedule, now: number): boolean {
  if (!schedule.enabled) return false;
  const { lastFire = -Infinity, enabledAt, updatedAt, anchor } = schedule;
  // Nothing fires before then.
  if (lastFire > now + LATE) return true;
  try {
    const next = nextFire(scheduleSpecOf(schedule), Math.max(lastFire, enabledAt, updatedAt), anchor);
    return next !== undefined && next <= now - LATE;
  } catch {
    // A newer version of the library may have stored it.
    return false;
  }
}
