import type { JobFailure } from '../../definition/job-context.js';
import { copyOfPayload, type QueuedExecution } from '../../store/codecs/queued-execution.js';

/** What is told of an execution that has failed for good: a copy of its own for each who is told. */
export function toFailure(started: QueuedExecution, error: Error): JobFailure {
  const { id, job, queue, scheduleId, attempt, metadata } = started;
  return {
    id,
    job,
    queue,
    payload: copyOfPayload(started),
    error,
    attempts: attempt,
    ...(scheduleId !== undefined && { scheduleId }),
    metadata: { ...metadata },
  };
}
