import { JobSchedulerError } from './job-scheduler-error.js';

/** As many jobs wait in a queue as its `maxWaiting` allows. Nothing was stored. */
export class QueueFullError extends JobSchedulerError {
  readonly code = 'QUEUE_FULL';

  /** @param jobs how many were to be added together. */
  constructor(queue: string, limit: number, jobs = 1) {
    const problem =
      jobs === 1
        ? `is full: ${limit} jobs wait in it`
        : `has no room for ${jobs} more jobs: at most ${limit} may wait in it`;
    super({
      message: `Queue "${queue}" ${problem} (maxWaiting). Enqueue later, or with whenFull: 'wait'.`,
      details: { queue, limit, jobs },
    });
  }
}
