import type { JobLogLine } from './job-log-line.js';
import type { JobTrigger } from './job-status.js';

/** What every event says. */
interface EventBase {
  /** When it happened, by the clock of the process that tells it. */
  readonly at: Date;
  /** The execution's; of `schedule-repaired` the schedule's. */
  readonly id: string;
  /** The job's name. */
  readonly job: string;
  readonly queue: string;
  /** The process that tells it: the one that ran the job, that took it out of its queue, or that noticed. */
  readonly workerId: string;
  readonly scheduleId?: string;
  /** What made the run. Absent where it is not known: of `stalled` and `schedule-repaired`. */
  readonly trigger?: JobTrigger;
}

/** What every event of an attempt says. */
interface AttemptEventBase extends EventBase {
  /** 1 for the first. */
  readonly attempt: number;
}

/** An error in an event: no stack, which stands in the execution's record. */
export interface JobEventError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
}

/** An attempt's handler is about to be called: what keeps it from running, like overlap, has been asked. */
export interface JobStartedEvent extends AttemptEventBase {
  readonly type: 'started';
  /** For how long it was due, in milliseconds. Of the first attempt only; a later one waited for its backoff. */
  readonly waitMs?: number;
}

/** The execution has ended well. */
export interface JobCompletedEvent extends AttemptEventBase {
  readonly type: 'completed';
  /** Of this attempt, from its start to the end of the handler. */
  readonly durationMs: number;
}

/** The execution has failed for good: no retry is left, or none would help. */
export interface JobFailedEvent extends AttemptEventBase {
  readonly type: 'failed';
  readonly durationMs: number;
  readonly error: JobEventError;
}

/** An attempt has failed, and another one follows. */
export interface JobRetryingEvent extends AttemptEventBase {
  readonly type: 'retrying';
  readonly durationMs: number;
  readonly error: JobEventError;
  /** Milliseconds until the next attempt is due. */
  readonly delay: number;
}

/** An execution that did not run, and will not: `overlap`, `misfire`, `disabled`, `unique`, or why its key could not be made. */
export interface JobSkippedEvent extends EventBase {
  readonly type: 'skipped';
  readonly reason: string;
}

/** An execution was cancelled, while it waited or while it ran. */
export interface JobCancelledEvent extends EventBase {
  readonly type: 'cancelled';
  readonly reason: string;
  /** Absent when no attempt was made. */
  readonly attempt?: number;
  /** Of the attempt that was cancelled. Absent when it waited. */
  readonly durationMs?: number;
}

/** The worker of a running execution died, or lost its lock: it was put back, and will run again. */
export interface JobStalledEvent extends EventBase {
  readonly type: 'stalled';
}

/** A step has succeeded and is recorded. Not told of a step that an earlier attempt has recorded. */
export interface JobStepEvent extends AttemptEventBase {
  readonly type: 'step';
  readonly step: {
    readonly name: string;
    readonly durationMs: number;
  };
}

/** The handler has called `ctx.progress()`. */
export interface JobProgressEvent extends AttemptEventBase {
  readonly type: 'progress';
  readonly progress: number | object;
}

/** A line was logged: by `ctx.log()`, or by Nest's logger where that is routed to the job. */
export interface JobLogEvent extends AttemptEventBase {
  readonly type: 'log';
  readonly line: JobLogLine;
}

/** A schedule that would not have fired any more was found, and repaired. */
export interface ScheduleRepairedEvent extends EventBase {
  readonly type: 'schedule-repaired';
  readonly scheduleId: string;
  readonly repair: {
    /** What was wrong, in words that follow the schedule's name: `has lost its next run`. */
    readonly trouble: string;
  };
}

/** Something that happened to an execution or a schedule. Plain data; `type` says which fields there are. */
export type JobEvent =
  | JobStartedEvent
  | JobCompletedEvent
  | JobFailedEvent
  | JobRetryingEvent
  | JobSkippedEvent
  | JobCancelledEvent
  | JobStalledEvent
  | JobStepEvent
  | JobProgressEvent
  | JobLogEvent
  | ScheduleRepairedEvent;

export type JobEventType = JobEvent['type'];

/** The events of some types: `JobEventOf<'failed'>` has an `error`. */
export type JobEventOf<T extends JobEventType> = Extract<JobEvent, { readonly type: T }>;

/** All of them. */
export const JOB_EVENT_TYPES = Object.keys({
  started: true,
  completed: true,
  failed: true,
  retrying: true,
  skipped: true,
  cancelled: true,
  stalled: true,
  step: true,
  progress: true,
  log: true,
  'schedule-repaired': true,
} satisfies Record<JobEventType, true>) as readonly JobEventType[];
