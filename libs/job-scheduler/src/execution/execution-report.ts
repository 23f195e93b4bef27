import { toErrorRecord } from '../definition/describe-error.js';
import type { RetentionPolicy } from '../definition/job-definition.js';
import type { FinalStatus } from '../definition/job-status.js';
import { originOf } from '../store/execution-origin.js';
import type { ExecutionWrite, StepRecord, UnfinishedStep } from '../store/execution-record.js';
import type { StartedJob } from '../store/started-job.js';

/** What an attempt's end adds to its execution. */
export interface AttemptEnd {
  readonly started: StartedJob;
  readonly workerId: string;
  readonly maxAttempts: number;
  readonly retention: Pick<RetentionPolicy, 'count' | 'age'>;
  readonly startedAt: number;
  readonly finishedAt: number;
  /** Undefined: a retry is due. */
  readonly final: FinalStatus | undefined;
  readonly result?: unknown;
  readonly error?: Error;
  readonly reason?: string;
  readonly cancelledBy?: string;
  readonly step?: StepRecord;
  readonly unfinished?: readonly UnfinishedStep[] | undefined;
}

/** The record of an attempt's end. */
export function toExecutionWrite(end: AttemptEnd): ExecutionWrite {
  const { started } = end;
  const error = end.error && toErrorRecord(end.error);
  return {
    id: started.id,
    job: started.job,
    queue: started.queue,
    fence: started.fence,
    ...(end.final && { final: end.final }),
    head: {
      ...originOf(started),
      maxAttempts: end.maxAttempts,
      startedAt: end.startedAt,
      ...(end.final && { completedAt: end.finishedAt }),
      result: end.result,
      ...(error && { error }),
      ...(end.reason !== undefined && { reason: end.reason }),
      ...(end.cancelledBy !== undefined && { cancelledBy: end.cancelledBy }),
    },
    attempt: {
      attempt: started.attempt,
      startedAt: end.startedAt,
      finishedAt: end.finishedAt,
      workerId: end.workerId,
      ...(error && { error }),
      ...(end.unfinished?.length && { unfinished: end.unfinished }),
    },
    ...(end.step && { step: end.step }),
    keep: { count: end.retention.count, age: end.retention.age },
  };
}
