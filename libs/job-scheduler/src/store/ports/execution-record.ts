import type { FinalStatus, JobTrigger } from '../../definition/job-status.js';

/** An error as it is stored. */
export interface ErrorRecord {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
}

/** A step that was begun in an attempt, and had not succeeded at its end. */
export interface UnfinishedStep {
  readonly name: string;
  readonly startedAt: number;
  /** Absent when the attempt ended before the step did. */
  readonly error?: Pick<ErrorRecord, 'name' | 'message' | 'code'>;
}

/** One attempt that has ended. Times are milliseconds since the epoch. */
export interface AttemptRecord {
  readonly attempt: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly workerId: string;
  readonly error?: ErrorRecord;
  /** Absent: none. */
  readonly unfinished?: readonly UnfinishedStep[];
}

/** One step that has succeeded. `result` is absent when it returned nothing. */
export interface StepRecord {
  readonly name: string;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly result?: unknown;
}

/** What is stored of an execution besides its attempts and steps. Plain JSON; times are milliseconds since the epoch. */
export interface ExecutionHead {
  readonly trigger: JobTrigger;
  readonly scheduleId?: string;
  readonly scheduledFor?: number;
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly completedAt?: number;
  readonly maxAttempts: number;
  readonly payload?: unknown;
  readonly result?: unknown;
  readonly error?: ErrorRecord;
  /** Why it was cancelled or skipped. */
  readonly reason?: string;
  /** Who cancelled it: the worker id of the process that asked for it, or that ran a handler which threw JobCancelError. */
  readonly cancelledBy?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The one write at the end of an attempt. */
export interface ExecutionWrite {
  readonly id: string;
  readonly job: string;
  readonly queue: string;
  /** `attemptsStarted` of the run that writes. A write with an older fence than the stored one is refused. */
  readonly fence: number;
  /** Absent: the execution goes on, with a retry. */
  readonly final?: FinalStatus;
  readonly head: ExecutionHead;
  /** Absent when no attempt was made: cancelled while it waited, skipped. */
  readonly attempt?: AttemptRecord;
  /** The last step's result, stored by this same write. */
  readonly step?: StepRecord;
  /** How many ended executions of this job to keep, and for how many milliseconds. A final write with `count` 0 deletes what is stored of the execution. */
  readonly keep: { readonly count: number; readonly age: number };
}

/** An execution as it is read back. */
export interface StoredExecution {
  readonly id: string;
  readonly job: string;
  readonly queue: string;
  readonly fence: number;
  /** Absent while the execution goes on, and after `reopen`. */
  readonly final?: FinalStatus;
  /** Absent when only steps have been recorded so far. */
  readonly head?: ExecutionHead;
  /** By ascending start. */
  readonly attempts: readonly AttemptRecord[];
  /** By ascending finish. */
  readonly steps: readonly StepRecord[];
}
