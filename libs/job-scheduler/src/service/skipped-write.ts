import type { RetentionPolicy } from '../definition/job-definition.js';
import type { ExecutionWrite } from '../store/execution-record.js';
import type { NewJob } from '../store/job-envelope.js';

/** The record of an execution that was to be added, and is not. */
export function toSkippedWrite(
  job: NewJob,
  reason: string,
  { count, age }: Pick<RetentionPolicy, 'count' | 'age'>,
  now: number,
): ExecutionWrite {
  return {
    id: job.id,
    job: job.job,
    queue: job.queue,
    // It never started.
    fence: 0,
    final: 'skipped',
    head: {
      trigger: job.trigger,
      ...(job.scheduleId !== undefined && { scheduleId: job.scheduleId }),
      ...(job.scheduledFor !== undefined && { scheduledFor: job.scheduledFor }),
      createdAt: job.createdAt,
      completedAt: now,
      maxAttempts: job.maxAttempts,
      ...(job.payload !== undefined && { payload: job.payload }),
      reason,
      ...(job.metadata && Object.keys(job.metadata).length > 0 && { metadata: job.metadata }),
    },
    keep: { count, age },
  };
}
