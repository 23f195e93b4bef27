import { firstFire } from '../../cron/fires-between.js';
import { nextFire } from '../../cron/next-fire.js';
import { fromPattern } from '../../cron/schedule-pattern.js';
import type { EngineScheduler } from '../../store/ports/ports.js';
import type { StoredSchedule } from '../../store/ports/schedule-store.js';
import { isSameRepeat, repeatOf, plannedByEntry, repeatOfEntry, toStretch, type FullRepeat } from '../stored-repeat.js';
import type { ScheduleRevision } from '../tick-queue.js';

/** What is wrong with an enabled schedule. */
export type ScheduleTrouble =
  /** Its record was there, and is not any more. */
  | 'was gone from the store'
  /** BullMQ knows nothing of it. */
  | 'has no next run'
  /** BullMQ knows when it fires next, and has no job for it. */
  | 'has lost its next run'
  /** BullMQ has planned it past a fire that is yet to come. */
  | 'was planned too far ahead'
  /** Its last fire, or its last change, lies in the time to come. */
  | 'had fired ahead of its time'
  | 'was changed ahead of its time'
  /** A fire is due that BullMQ has no job for. */
  | 'has lost a fire'
  /** The job is there, and no worker takes it, although some are idle. */
  | 'is overdue';

/** What is to be done about a schedule's entry in BullMQ. */
export type SchedulerDiff =
  | { readonly todo: 'nothing' | 'remove' }
  | {
      readonly todo: 'write';
      readonly repeat: FullRepeat;
      /** By what its fires were planned until now. */
      readonly by: readonly ScheduleRevision[];
      /** Fires are due that writing would delete. */
      readonly isDue: boolean;
      /** Undefined: the schedule is new, or was changed. */
      readonly trouble: ScheduleTrouble | undefined;
    }
  | { readonly todo: 'tick'; readonly by: readonly ScheduleRevision[]; readonly trouble: ScheduleTrouble };

export interface CheckOptions {
  /** When the entry was read, in milliseconds since the epoch. */
  readonly readAt: number;
  /** From when on an untaken fire counts as late, in milliseconds. A change that is younger is still on its way. */
  readonly grace: number;
  /** Whether the tick queue's workers have nothing to do, so that what is late is not just waiting. */
  readonly isIdle: boolean;
}

/**
 * Compares a schedule with its entry in BullMQ. An entry that is as it should be is not touched: BullMQ drops a due fire
 * when its scheduler is written anew.
 * @throws ScheduleError when the record cannot be read.
 */
export function checkEntry(
  schedule: StoredSchedule | undefined,
  entry: EngineScheduler | undefined,
  options: CheckOptions,
): SchedulerDiff {
  if (!schedule?.enabled) return { todo: entry ? 'remove' : 'nothing' };
  const { readAt, grace } = options;
  const repeat = repeatOf(schedule);
  const isSame = entry !== undefined && isSameRepeat(repeatOfEntry(entry), repeat);
  const by = plannedBy(schedule, entry, repeat, isSame);
  const after = Math.max(schedule.lastFire ?? -Infinity, schedule.enabledAt);

  if (entry && isSame && entry.hasJob && entry.next > readAt) {
    if (isTooFar(repeat, entry.next, readAt + grace)) {
      const trouble = 'was planned too far ahead';
      return { todo: 'write', repeat, by, isDue: isDueBy(by, after, readAt), trouble };
    }
    // The usual case: BullMQ will fire. What lies before, a tick is about to take, unless it was lost.
    return isLost(by, after, entry.next, options) ? { todo: 'tick', by, trouble: 'has lost a fire' } : NOTHING;
  }
  if (entry && isSame && entry.hasJob) {
    // Due, and waits to be taken.
    if (!options.isIdle || entry.next > readAt - grace) return NOTHING;
    return { todo: 'write', repeat, by, isDue: true, trouble: 'is overdue' };
  }
  const isDue = isDueBy(by, after, readAt);
  if (!hasFireAfter(repeat, readAt) && !isDue) return { todo: entry ? 'remove' : 'nothing' };
  if (entry) return { todo: 'write', repeat, by, isDue, trouble: isSame ? 'has lost its next run' : undefined };
  const isYoung = schedule.updatedAt > readAt - grace;
  return { todo: 'write', repeat, by, isDue, trouble: isYoung ? undefined : 'has no next run' };
}

const NOTHING: SchedulerDiff = { todo: 'nothing' };

/** Of a schedule that is changed again and again while no worker takes its fires, what held so long ago is let go. */
const MOST_STRETCHES = 100;

/**
 * By what unclaimed fires were planned: by what the entry holds, until the schedule was changed, and by the
 * schedule as it is now from then on.
 */
function plannedBy(
  schedule: StoredSchedule,
  entry: EngineScheduler | undefined,
  repeat: FullRepeat,
  isSame: boolean,
): readonly ScheduleRevision[] {
  const { updatedAt, enabledAt, lastFire } = schedule;
  // What held before the last change is not known.
  if (!entry) return [{ repeat, since: Math.max(updatedAt, enabledAt) }];
  const before = plannedByEntry(entry) ?? [{ repeat: repeatOfEntry(entry), since: enabledAt }];
  const newest = before.at(-1)!;
  const current: ScheduleRevision = isSame ? { repeat, since: newest.since } : { repeat, since: updatedAt };
  const old = isSame ? before.slice(0, -1) : [...before.slice(0, -1), { ...newest, until: updatedAt }];
  const after = Math.max(lastFire ?? -Infinity, enabledAt);
  return [...old.filter((each) => hasFire(each, after)).slice(-MOST_STRETCHES), current];
}

function isLost(by: readonly ScheduleRevision[], after: number, next: number, { readAt, grace, isIdle }: CheckOptions) {
  const first = isIdle ? firstFire(by.map(toStretch), after) : undefined;
  return first !== undefined && first < next && first <= readAt - grace;
}

/** Whether an unclaimed fire is due. */
export function isDueBy(by: readonly ScheduleRevision[], after: number, now: number): boolean {
  const first = firstFire(by.map(toStretch), after);
  return first !== undefined && first <= now;
}

/** A process whose clock was ahead may have planned it. */
function isTooFar(repeat: FullRepeat, next: number, after: number): boolean {
  const { spec, anchor } = fromPattern(repeat);
  const first = nextFire(spec, after, anchor);
  return first !== undefined && next > first;
}

function hasFireAfter(repeat: FullRepeat, after: number): boolean {
  const { spec, anchor } = fromPattern(repeat);
  return nextFire(spec, after, anchor) !== undefined;
}

/** Whether it has planned a fire that may be unclaimed. One that cannot be read has none. */
function hasFire(by: ScheduleRevision, after: number): boolean {
  try {
    return (by.until ?? Infinity) > after && firstFire([toStretch(by)], after) !== undefined;
  } catch {
    return false;
  }
}
