import { bucketOf } from './duration-sketch.js';
import type { ErrorRecord, ExecutionWrite } from '../ports/execution-record.js';

/** What an end adds to the figures of its job, and where it stands in lists. */
export interface FinishStats {
  /** When it ended, in milliseconds since the epoch. */
  readonly at: number;
  readonly scheduleId: string | undefined;
  /** Of its last attempt, in milliseconds; undefined unless it completed or failed. */
  readonly duration: number | undefined;
  readonly bucket: number | undefined;
  /** Of a failed one. */
  readonly error: ErrorRecord | undefined;
}

export function finishStats({ final, head, attempt }: ExecutionWrite): FinishStats {
  const at = head.completedAt ?? attempt?.finishedAt ?? head.createdAt;
  const counts = attempt && (final === 'completed' || final === 'failed');
  const duration = counts ? Math.max(0, attempt.finishedAt - attempt.startedAt) : undefined;
  return {
    at,
    scheduleId: head.scheduleId,
    duration,
    bucket: duration === undefined ? undefined : bucketOf(duration),
    error: final === 'failed' ? head.error : undefined,
  };
}
