import type { ExecutionHead } from '../ports/execution-record.js';
import type { QueuedExecution } from './queued-execution.js';

/** Where an execution comes from: started jobs have it, and jobs that are about to be added. */
export type ExecutionOrigin = Pick<QueuedExecution, 'trigger' | 'createdAt' | 'maxAttempts' | 'payload'> &
  Partial<Pick<QueuedExecution, 'scheduleId' | 'scheduledFor'>> & {
    readonly metadata?: Readonly<Record<string, string>> | undefined;
  };

/** What every record says of that. */
export function originOf({
  trigger,
  scheduleId,
  scheduledFor,
  createdAt,
  maxAttempts,
  payload,
  metadata,
}: ExecutionOrigin): ExecutionHead {
  const head: { -readonly [K in keyof ExecutionHead]: ExecutionHead[K] } = { trigger, createdAt, maxAttempts };
  if (scheduleId !== undefined) head.scheduleId = scheduleId;
  if (scheduledFor !== undefined) head.scheduledFor = scheduledFor;
  if (payload !== undefined) head.payload = payload;
  if (metadata && Object.keys(metadata).length > 0) head.metadata = metadata;
  return head;
}
