import type { RetentionPolicy } from '../definition/job-definition.js';
import { type ExecutionOrigin, originOf } from './codecs/execution-origin.js';
import type { ExecutionWrite } from './ports/execution-record.js';

/** The record of an execution that was to be added, and is not. */
export function toSkippedWrite(
  skipped: Pick<ExecutionWrite, 'id' | 'job' | 'queue'> & ExecutionOrigin,
  reason: string,
  { count, age }: Pick<RetentionPolicy, 'count' | 'age'>,
  now: number,
): ExecutionWrite {
  const { id, job, queue } = skipped;
  return {
    id,
    job,
    queue,
    // It never started.
    fence: 0,
    final: 'skipped',
    head: { ...originOf(skipped), completedAt: now, reason },
    keep: { count, age },
  };
}
