import type { QueuedExecution } from '../store/codecs/queued-execution.js';
import type { JobEvents } from './job-events.js';

/** What every event of an execution says, but for its type. */
export function executionFields(
  { workerId }: Pick<JobEvents, 'workerId'>,
  {
    id,
    job,
    queue,
    scheduleId,
    trigger,
  }: Pick<QueuedExecution, 'id' | 'job' | 'queue' | 'trigger'> & {
    readonly scheduleId?: string | undefined;
  },
  at: number,
) {
  return { at: new Date(at), id, job, queue, workerId, ...(scheduleId !== undefined && { scheduleId }), trigger };
}
