/**
 * A schedule as BullMQ stores it, and the strategy by which BullMQ finds the next fire from that.
 * Every schedule is a `pattern`: BullMQ's own `every` drifts on Redis and skips on PostgreSQL.
 */
import { cronTable } from './cron-table.js';
import { toErrorRecord } from '../common/describe-error.js';
import { nextFire } from './next-fire.js';
import type { ScheduleSpec } from './schedule-spec.js';
import { inspectShort } from '../common/inspect-short.js';
import { zoneOffsets } from './zone-offsets.js';

/** The part of BullMQ's repeat options that says when. */
export interface StoredRepeat {
  /** The cron expression, or `every <ms> <anchor>`. */
  pattern?: string | undefined;
  tz?: string | undefined;
  startDate?: Date | string | number | undefined;
  endDate?: Date | string | number | undefined;
}

export interface AnchoredSchedule {
  readonly spec: ScheduleSpec;
  /** Where an interval is counted from; 0 for cron. */
  readonly anchor: number;
}

const INTERVAL = /^every (\d{4,15}) (-?\d{1,15})$/;
/** For a schedule that cannot be read: late enough to do no harm, and no end of the schedule. */
const FAR = 10 * 366 * 86_400_000;

/** What is stored as BullMQ's `pattern`. */
export function toPattern(spec: ScheduleSpec, anchor: number): string {
  return spec.kind === 'interval' ? `every ${spec.every} ${anchor}` : spec.cron;
}

/** The repeat options of a schedule for `upsertJobScheduler`. */
export function toStoredRepeat(spec: ScheduleSpec, anchor: number): StoredRepeat & { pattern: string; tz: string } {
  return {
    pattern: toPattern(spec, anchor),
    tz: spec.timezone,
    // BullMQ leaves 0 out, and the entry would differ for ever. Nothing fires as early.
    ...(spec.start !== undefined && spec.start > 0 && { startDate: spec.start }),
    ...(spec.end !== undefined && { endDate: spec.end }),
  };
}

/** @throws ScheduleError or RangeError when what is stored cannot be read. */
export function fromPattern(stored: StoredRepeat): AnchoredSchedule {
  const { pattern = '' } = stored;
  const interval = INTERVAL.exec(pattern);
  const timezone = stored.tz ?? 'UTC';
  // Both throw when they cannot read it.
  zoneOffsets(timezone);
  if (!interval) cronTable(pattern);
  const spec: ScheduleSpec = {
    expression: pattern,
    kind: interval ? 'interval' : 'cron',
    cron: interval ? '' : pattern,
    every: Number(interval?.[1] ?? 0),
    timezone,
    start: readTime(stored.startDate),
    end: readTime(stored.endDate),
  };
  return { spec, anchor: Number(interval?.[2] ?? 0) };
}

/**
 * A `repeatStrategy` for BullMQ's `settings`: the first fire later than `after`, undefined when the schedule has ended.
 * Never throws: a strategy that throws leaves the job active and unrun. What is stored and cannot be read gives a date far
 * away, and a report each time.
 */
export function createRepeatStrategy(
  report: (problem: string) => void,
): (after: number, stored: StoredRepeat) => number | undefined {
  return (after, stored) => {
    try {
      const { spec, anchor } = fromPattern(stored);
      return nextFire(spec, after, anchor);
    } catch (thrown) {
      tell(
        report,
        `The stored schedule ${inspectShort(stored)} cannot be read and does not fire: ${toErrorRecord(thrown).message}`,
      );
      return after + FAR;
    }
  };
}

function tell(report: (problem: string) => void, problem: string): void {
  try {
    report(problem);
  } catch {
    // A report must not cost the fire.
  }
}

function readTime(value: Date | string | number | undefined): number | undefined {
  if (value === undefined || value === null) return undefined;
  const time = new Date(value).getTime();
  if (Number.isNaN(time)) throw new RangeError(`${inspectShort(value)} is not a date`);
  return time;
}
