import type { StoredExecution } from '../store/ports/execution-record.js';
import type { QueuedExecution } from '../store/codecs/queued-execution.js';

/**
 * Whether a failed execution was brought back by BullMQ's own means (its API, Bull Board) and not by this library: then it is
 * to run, although its record says that it has ended. The other reason for such a start is that the process died between
 * storing the record and telling the queue: then it must not run again.
 *
 * BullMQ counts an attempt when it is told of its end, and counts when it takes a job from a worker that died. With its
 * option `resetAttemptsMade`, only the second of these tells.
 */
export function isRetriedElsewhere(stored: StoredExecution, started: QueuedExecution): boolean {
  const last = stored.attempts.at(-1);
  if (stored.final !== 'failed' || !last) return false;
  // Another job with a known id starts to count from 1.
  if (started.fence <= stored.fence) return false;
  return started.attempt > last.attempt || started.crashes === 0;
}
