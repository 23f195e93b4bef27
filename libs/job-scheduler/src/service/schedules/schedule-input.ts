import type { Duration } from '../../common/duration.js';
import type { Misfire, Overlap } from '../../definition/job-options.js';
import type { JobPayload, JobRef, KnownRef } from '../../definition/job-ref.js';

/** When a schedule fires, in one of three ways. */
export interface ScheduleTiming {
  /** A cron expression, a macro, or `'every 15m'`. */
  schedule?: string;
  /** A cron expression of 5 fields, of 6 with seconds first, or a macro such as `@daily`. */
  cron?: string;
  /** An interval of at least 1 s. */
  every?: Duration;
}

/** What a new schedule may say beside its job, its timing and its payload. */
export interface ScheduleSettings {
  /** IANA name, or `'local'`. Default: the module's. */
  timezone?: string;
  /** Default `true`. */
  enabled?: boolean;
  /** No fire before. */
  start?: Date;
  /** No fire after. */
  end?: Date;
  /** Default: the job's, as for the next three. */
  misfire?: Misfire;
  misfireThreshold?: Duration;
  maxCatchUp?: number;
  /** With a policy of its own, its runs wait for each other only, not for other runs of the job. */
  overlap?: Overlap;
  /** For people. Default: the timing in words, such as `At 02:00`. */
  description?: string;
  /** For people: need not be unique. Up to 1,024 characters, as the next one. */
  name?: string;
  /** For people, to find schedules by. */
  group?: string;
  /** Kept and given back: up to 64 texts of up to 1,024 characters. */
  metadata?: Record<string, string>;
}

/** The payload may be left out where the job takes none. */
export type PayloadField<P> = undefined extends P
  ? { readonly payload?: P }
  : [P] extends [void]
    ? { readonly payload?: undefined }
    : { readonly payload: P };

/** A schedule to be made. Exactly one of `schedule`, `cron` and `every` is needed. */
export type NewSchedule<J = JobRef> = ScheduleTiming &
  ScheduleSettings & {
    /** Default: a new UUID. 1 to 256 characters; `code:` at its start is kept for schedules that code declares. */
    id?: string;
    /** A job that is registered in this process. */
    readonly job: J & KnownRef<J>;
  } & PayloadField<JobPayload<J>>;

/** What is to change. Fields that are left out, or undefined, stay. `null` takes a field away: then the job's stands. */
export interface ScheduleChange extends ScheduleTiming {
  /** A job that is registered in this process. */
  job?: JobRef;
  /** `null`: the module's. */
  timezone?: string | null;
  /** `null` is a payload, too. */
  payload?: unknown;
  enabled?: boolean;
  start?: Date | null;
  end?: Date | null;
  misfire?: Misfire | null;
  misfireThreshold?: Duration | null;
  maxCatchUp?: number | null;
  overlap?: Overlap | null;
  description?: string | null;
  name?: string | null;
  group?: string | null;
  metadata?: Record<string, string> | null;
  /** Refuses the change when the schedule is of another version by now. Default: whichever. */
  expectedVersion?: number;
}

/** Under which condition a schedule is to be switched or deleted. */
export interface ScheduleCondition {
  /** Refuses when the schedule is of another version by now. Default: whichever. */
  expectedVersion?: number | undefined;
}

/** Which schedules to list. Default: all. */
export interface ScheduleFilter {
  /** Of this job; as a name it need not be registered here. */
  job?: JobRef;
  source?: 'code' | 'api';
  enabled?: boolean;
}
