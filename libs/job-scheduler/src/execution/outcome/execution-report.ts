import { toErrorRecord } from '../../common/describe-error.js';
import { cutText } from '../../common/storable-text.js';
import type { RetentionPolicy } from '../../definition/job-definition.js';
import type { FinalStatus } from '../../definition/job-status.js';
import { originOf } from '../../store/codecs/execution-origin.js';
import type {
  AttemptRecord,
  ErrorRecord,
  ExecutionHead,
  ExecutionWrite,
  StepRecord,
  UnfinishedStep,
} from '../../store/ports/execution-record.js';
import type { QueuedExecution } from '../../store/codecs/queued-execution.js';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** What an attempt's end adds to its execution. */
export interface AttemptEnd {
  readonly started: QueuedExecution;
  readonly workerId: string;
  readonly maxAttempts: number;
  readonly retention: Pick<RetentionPolicy, 'count' | 'age'>;
  readonly startedAt: number;
  readonly finishedAt: number;
  /** Undefined: a retry is due. */
  readonly final: FinalStatus | undefined;
  readonly result?: unknown;
  readonly error?: Error | undefined;
  readonly reason?: string | undefined;
  readonly cancelledBy?: string | undefined;
  readonly step?: StepRecord | undefined;
  readonly unfinished?: readonly UnfinishedStep[] | undefined;
}

/** The record of an attempt's end. Put together field by field: it is made for every job, and spreading costs as much again. */
export function toExecutionWrite(end: AttemptEnd): ExecutionWrite {
  const { started, final, startedAt, finishedAt, workerId } = end;
  const error = end.error && (final ? toErrorRecord(end.error) : shortened(toErrorRecord(end.error)));
  const head: Writable<ExecutionHead> = originOf(started);
  // While it goes on its job has it, and so have all its attempts.
  if (!final) delete head.payload;
  head.maxAttempts = end.maxAttempts;
  head.startedAt = startedAt;
  if (final) head.completedAt = finishedAt;
  head.result = end.result;
  if (error && final) head.error = error;
  if (end.reason !== undefined) head.reason = end.reason;
  if (end.cancelledBy !== undefined) head.cancelledBy = end.cancelledBy;
  const attempt: Writable<AttemptRecord> = { attempt: started.attempt, startedAt, finishedAt, workerId };
  if (error) attempt.error = error;
  if (end.unfinished?.length) attempt.unfinished = end.unfinished;
  const { id, job, queue, fence } = started;
  const keep = { count: end.retention.count, age: end.retention.age };
  const write: Writable<ExecutionWrite> = { id, job, queue, fence, head, attempt, keep };
  if (final) write.final = final;
  if (end.step) write.step = end.step;
  return write;
}

/** Of an error that another attempt follows, in characters: of many attempts each is kept. */
const EARLIER_MESSAGE = 2_048;

function shortened(error: ErrorRecord): ErrorRecord {
  const { message } = error;
  return message.length <= EARLIER_MESSAGE ? error : { ...error, message: `${cutText(message, EARLIER_MESSAGE)}…` };
}
