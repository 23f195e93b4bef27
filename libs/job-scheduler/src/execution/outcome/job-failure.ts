import type { JobFailure } from '../../definition/job-context.js';
import { copyOfPayload, type QueuedExecution } from '../../store/codecs/queued-execution.js';

/** What `@OnJobFail` and the `onFail` job get of an execution that has failed for good: each a copy of its own. */
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
