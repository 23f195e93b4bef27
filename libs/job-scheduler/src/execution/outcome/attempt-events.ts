/** The events of one attempt. Nothing here is called while no event is wanted. */
import { toErrorRecord } from '../../common/describe-error.js';
import type { JobEvent, JobEventError } from '../../definition/job-event.js';
import type { FinalStatus } from '../../definition/job-status.js';
import type { StepRecord } from '../../store/ports/execution-record.js';
import type { QueuedExecution } from '../../store/codecs/queued-execution.js';
import { executionFields, type JobEvents } from '../../events/job-events.js';
import type { Outcome } from './outcome.js';

/** An attempt that has its outcome. Times are milliseconds since the epoch. */
export interface EndedAttempt {
  readonly started: QueuedExecution;
  readonly startedAt: number;
  readonly finishedAt: number;
  /** Whether its handler was called. */
  readonly hasBegun: boolean;
  /** Of a step that is stored together with the outcome. */
  readonly lastStep?: StepRecord | undefined;
  /** How it had ended before, when only the finish was missing. */
  readonly endedBefore?: FinalStatus | undefined;
}

export function emitStarted(events: JobEvents, started: QueuedExecution, at: number): void {
  const { attempt } = started;
  const wait = attempt === 1 && { waitMs: Math.max(0, at - dueAt(started)) };
  events.emit({ type: 'started', ...executionFields(events, started, at), attempt, ...wait });
}

export function emitStep(
  events: JobEvents,
  started: QueuedExecution,
  { name, startedAt, finishedAt }: StepRecord,
): void {
  events.emit({
    type: 'step',
    ...executionFields(events, started, finishedAt),
    attempt: started.attempt,
    step: { name, durationMs: finishedAt - startedAt },
  });
}

export function emitProgress(events: JobEvents, started: QueuedExecution, progress: number | object, at: number): void {
  events.emit({ type: 'progress', ...executionFields(events, started, at), attempt: started.attempt, progress });
}

/** Emits how an attempt ended. */
export function emitEnd(events: JobEvents, ended: EndedAttempt, outcome: Outcome): void {
  const { started, lastStep } = ended;
  if (lastStep && 'write' in outcome) emitStep(events, started, lastStep);
  const event = toEnd(events, ended, outcome);
  if (event) events.emit(event);
}

/** Undefined when the execution merely goes back to its queue. */
function toEnd(events: JobEvents, ended: EndedAttempt, outcome: Outcome): JobEvent | undefined {
  const { started, startedAt, finishedAt, hasBegun, endedBefore } = ended;
  const { attempt } = started;
  const fields = executionFields(events, started, finishedAt);
  const durationMs = Math.max(0, finishedAt - startedAt);
  switch (outcome.kind) {
    case 'completed':
      return { type: 'completed', ...fields, attempt, durationMs };
    case 'failed':
      return { type: 'failed', ...fields, attempt, durationMs, error: toEventError(outcome.error) };
    case 'retry':
      return {
        type: 'retrying',
        ...fields,
        attempt,
        durationMs,
        error: toEventError(outcome.error),
        delay: Math.max(0, Math.ceil(outcome.delay)),
      };
    case 'cancelled':
      if (endedBefore === 'skipped') return { type: 'skipped', ...fields, reason: outcome.reason };
      return { type: 'cancelled', ...fields, ...(hasBegun && { attempt, durationMs }), reason: outcome.reason };
    case 'skipped':
      return { type: 'skipped', ...fields, reason: outcome.reason };
    default:
      return undefined;
  }
}

function toEventError(error: Error): JobEventError {
  const { name, message, code } = toErrorRecord(error);
  return { name, message, ...(code !== undefined && { code }) };
}

/** A fire is due at its time, however late it was handled; one that is caught up, when it was enqueued. */
function dueAt({ trigger, scheduledFor, createdAt, delay }: QueuedExecution): number {
  return trigger === 'schedule' && scheduledFor !== undefined ? scheduledFor : createdAt + (delay ?? 0);
}
