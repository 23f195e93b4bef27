import type { JobStatus, JobTrigger } from '../../definition/job-status.js';

/** An error as it was recorded: bounded, plain text. */
export interface ExecutionError {
  readonly name: string;
  /** At most 8 KiB. */
  readonly message: string;
  /** What the error had as `code`, e.g. `JOB_TIMEOUT`. */
  readonly code?: string;
}

/** One attempt: from a start of the handler to its end. */
export interface ExecutionAttempt {
  /** 1 for the first. A crash repeats the number. */
  readonly attempt: number;
  readonly startedAt: Date;
  /** Absent while it runs. */
  readonly finishedAt?: Date;
  /** Why it failed. */
  readonly error?: ExecutionError;
  /** The error's stack with those of its causes, at most 16 KiB. */
  readonly stack?: string;
  /** The process that ran it. */
  readonly workerId: string;
}

/** One step, of whichever attempt. */
export interface ExecutionStep {
  readonly name: string;
  readonly startedAt: Date;
  /** Absent when it has not succeeded. */
  readonly finishedAt?: Date;
  /** Absent when it returned nothing. */
  readonly result?: unknown;
  /** Why it failed, the last time that it was tried. */
  readonly error?: ExecutionError;
}

/** One run of a job, with all its attempts: what happened, or happens. */
export interface JobExecution {
  readonly id: string;
  readonly job: string;
  /** The schedule that it was made by. */
  readonly scheduleId?: string;
  readonly queue: string;
  readonly status: JobStatus;
  /** What made it. */
  readonly trigger: JobTrigger;
  /** Absent when there is none. */
  readonly payload?: unknown;
  /** What the handler returned; absent when that was nothing. */
  readonly result?: unknown;
  /** The last attempt's error, of one that failed or is retried. */
  readonly error?: ExecutionError;
  /** Why it was skipped (`misfire`, `overlap`) or cancelled. */
  readonly reason?: string;
  /** The worker id of the process that cancelled it. */
  readonly cancelledBy?: string;
  /** By ascending start. */
  readonly attempts: readonly ExecutionAttempt[];
  /** By ascending finish. */
  readonly steps: readonly ExecutionStep[];
  readonly createdAt: Date;
  /** The nominal time of a scheduled run. */
  readonly scheduledFor?: Date;
  /** When it runs, of one that is delayed, snoozed, or waits for its retry. One that waits for its turn looks again then. */
  readonly runAt?: Date;
  /** Of the first attempt. */
  readonly startedAt?: Date;
  /** When it ended, however it did. */
  readonly completedAt?: Date;
  /** How long the last attempt took, in milliseconds: waits between attempts are not in it. */
  readonly durationMs?: number;
  /** The process that ran the last attempt. */
  readonly workerId?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Part of a list of executions. */
export interface ExecutionPage {
  /** Newest first. */
  readonly items: JobExecution[];
  /** `before` of the next page; absent: there is no more. */
  readonly next?: string;
}
