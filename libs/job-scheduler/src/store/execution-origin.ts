import type { ExecutionHead } from './execution-record.js';
import type { StartedJob } from './started-job.js';

/** Where an execution comes from: started jobs have it, and jobs that are about to be added. */
export type ExecutionOrigin = Pick<StartedJob, 'trigger' | 'createdAt' | 'maxAttempts' | 'payload'> &
  Partial<Pick<StartedJob, 'scheduleId' | 'scheduledFor'>> & {
    readonly metadata?: Readonly<Record<string, string>> | undefined;
  };

/** What every record says of that, whoever writes it. */
export function originOf({
  trigger,
  scheduleId,
  scheduledFor,
  createdAt,
  maxAttempts,
  payload,
  metadata,
}: ExecutionOrigin): ExecutionHead {
  return {
    trigger,
    ...(scheduleId !== undefined && { scheduleId }),
    ...(scheduledFor !== undefined && { scheduledFor }),
    createdAt,
    maxAttempts,
    ...(payload !== undefined && { payload }),
    ...(metadata && Object.keys(metadata).length > 0 && { metadata }),
  };
}
