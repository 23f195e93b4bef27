import { describeSpec } from '../../cron/describe-schedule.js';
import type { Misfire, Overlap } from '../../definition/job-options.js';
import { nextFire } from '../../cron/next-fire.js';
import type { ScheduleSpec } from '../../cron/schedule-spec.js';
import { scheduleSpecOf } from '../../scheduling/stored-repeat.js';
import type { StoredSchedule } from '../../store/ports/schedule-store.js';

/** A schedule, for people. */
export interface ScheduledJob {
  readonly id: string;
  readonly job: string;
  /** As it was written: `0 2 * * *`, `every 15m`. */
  readonly schedule: string;
  /** IANA name. */
  readonly timezone: string;
  /** Its timing in words: `At 02:00`; or what was said instead when it was made at run time. */
  readonly description: string;
  /** What was said as `description` when it was made at run time; undefined: nothing. */
  readonly remark: string | undefined;
  /** The maker's own data, as the next one. */
  readonly name: string | undefined;
  readonly group: string | undefined;
  readonly enabled: boolean;
  readonly source: 'code' | 'api';
  /** Undefined when disabled, or over. */
  readonly next: Date | undefined;
  /** The newest fire that was taken, whether it ran or was skipped. */
  readonly previous: Date | undefined;
  readonly payload: unknown;
  /** No fire before. */
  readonly start: Date | undefined;
  /** No fire after. */
  readonly end: Date | undefined;
  /** Of its own; undefined: the job's. */
  readonly misfire: Misfire | undefined;
  /** Milliseconds. Of its own; undefined: the job's. */
  readonly misfireThreshold: number | undefined;
  /** Of its own; undefined: the job's. */
  readonly maxCatchUp: number | undefined;
  /** Of its own; undefined: the job's. */
  readonly overlap: Overlap | undefined;
  /** The maker's own data. */
  readonly metadata: Readonly<Record<string, string>> | undefined;
  /** Grows with each change. For `expectedVersion`. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A stored schedule, as it stands in lists. */
export function toScheduledJob(stored: StoredSchedule, now: number): ScheduledJob {
  const spec = readSpec(stored);
  // Not a fire that has been taken already, when clocks disagree.
  const after = Math.max(now, stored.lastFire ?? now);
  return {
    id: stored.id,
    job: stored.job,
    schedule: stored.expression,
    timezone: stored.timezone,
    description: describe(stored, spec),
    remark: stored.source === 'api' ? stored.description : undefined,
    name: stored.name,
    group: stored.group,
    enabled: stored.enabled,
    source: stored.source,
    next: spec && stored.enabled ? toDate(nextFire(spec, after, stored.anchor)) : undefined,
    previous: toDate(stored.lastFire),
    payload: stored.payload,
    start: toDate(stored.start),
    end: toDate(stored.end),
    misfire: stored.misfire,
    misfireThreshold: stored.misfireThreshold,
    maxCatchUp: stored.maxCatchUp,
    overlap: stored.overlap,
    metadata: stored.metadata,
    version: stored.version,
    createdAt: new Date(stored.createdAt),
    updatedAt: new Date(stored.updatedAt),
  };
}

/** Undefined for one that cannot be read, which a newer version may have stored: it is listed all the same. */
function readSpec(stored: StoredSchedule): ScheduleSpec | undefined {
  try {
    return scheduleSpecOf(stored);
  } catch {
    return undefined;
  }
}

/** What code says of a job is in the list of jobs. */
function describe({ source, description, expression }: StoredSchedule, spec: ScheduleSpec | undefined): string {
  if (source === 'api' && description !== undefined) return description;
  return spec ? describeSpec(spec) : expression;
}

function toDate(time: number | undefined): Date | undefined {
  return time === undefined ? undefined : new Date(time);
}
