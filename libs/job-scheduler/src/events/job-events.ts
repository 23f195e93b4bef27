import type { QueuedExecution } from '../store/codecs/queued-execution.js';
import type { JobEvent } from '../definition/job-event.js';

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

/** Who hears of what happens to executions. */
export interface JobEvents {
  /** Whether anybody listens, here or in the fleet. If not, no event is made: ask this first. */
  readonly wanted: boolean;
  /** This process, as it stands in events. */
  readonly workerId: string;
  /** Passes an event on, later: it never throws and never waits. Events are told in the order in which they come. */
  emit(event: JobEvent): void;
}
