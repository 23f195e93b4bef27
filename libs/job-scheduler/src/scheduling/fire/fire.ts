import type { JobDefinition } from '../../definition/job-definition.js';
import type { Overlap } from '../../definition/job-options.js';
import type { DeclaredJob } from '../../store/ports/declared-job.js';
import type { StoredSchedule } from '../../store/ports/schedule-store.js';

/** A fire of a schedule that is to become an execution. */
export interface Fire {
  /** The execution's. */
  readonly id: string;
  readonly scheduleId: string;
  readonly scheduledFor: number;
  readonly trigger: 'schedule' | 'catch-up';
  readonly job: string;
  readonly payload: unknown;
  /** The schedule's own policy, if it has one. */
  readonly overlap: Overlap | undefined;
  /** Of a job whose code is elsewhere: what its own processes say of it. */
  readonly declared?: DeclaredJob;
  /** Nobody can have enqueued it before. */
  readonly isNew: boolean;
}

/** Puts the execution of a fire into its job's queue. Repeating it with the same id adds nothing. */
export type EnqueueFire = (fire: Fire) => Promise<void>;

/** Fires that do not run. */
export interface SkippedFires {
  readonly schedule: StoredSchedule;
  readonly definition: JobDefinition | undefined;
  /** See `Fire`. */
  readonly declared?: DeclaredJob | undefined;
  readonly times: readonly number[];
  readonly reason: string;
}

/** Records them, in one call. Repeating it changes nothing. */
export type RecordSkipped = (fires: SkippedFires) => Promise<void>;
