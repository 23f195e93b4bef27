import { isDeepStrictEqual } from 'node:util';
import type { Stretch } from '../cron/fires-between.js';
import { fromPattern, toStoredRepeat, type StoredRepeat } from '../cron/schedule-pattern.js';
import { parseSchedule } from '../cron/schedule.js';
import type { ScheduleSpec } from '../cron/schedule-spec.js';
import type { EngineScheduler } from '../store/ports/ports.js';
import type { ScheduleData } from '../store/ports/schedule-store.js';
import { isTickData, type ScheduleRevision } from './tick-queue.js';

export type FullRepeat = StoredRepeat & { readonly pattern: string; readonly tz: string };

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

/** What BullMQ holds of a schedule once it is in sync. @throws ScheduleError when the record cannot be read. */
export function repeatOf(schedule: ScheduleData): FullRepeat {
  return toStoredRepeat(scheduleSpecOf(schedule), schedule.anchor);
}

/** What BullMQ holds. */
export function repeatOfEntry({ pattern, tz, startDate, endDate }: EngineScheduler): StoredRepeat {
  return {
    pattern,
    tz,
    ...(startDate !== undefined && { startDate }),
    ...(endDate !== undefined && { endDate }),
  };
}

/** By what an entry's ticks are planned, the last of it by what it holds now; undefined when an earlier version wrote it. */
export function plannedByEntry(entry: EngineScheduler): readonly ScheduleRevision[] | undefined {
  const by = isTickData(entry.data) ? entry.data.by : undefined;
  const newest = by?.at(-1);
  return by && newest ? [...by.slice(0, -1), { repeat: repeatOfEntry(entry), since: newest.since }] : undefined;
}

export function isSameRepeat(a: StoredRepeat, b: StoredRepeat): boolean {
  return isDeepStrictEqual(normal(a), normal(b));
}

/** @throws ScheduleError or RangeError when it cannot be read. */
export function toStretch({ repeat, since, until }: ScheduleRevision): Stretch {
  return { ...fromPattern(repeat), since, until: until ?? Infinity };
}

function normal({ pattern, tz, startDate, endDate }: StoredRepeat) {
  const time = (value: StoredRepeat['startDate'] | null) =>
    value === undefined || value === null ? undefined : new Date(value).getTime();
  return { pattern, tz: tz ?? undefined, start: time(startDate), end: time(endDate) };
}
