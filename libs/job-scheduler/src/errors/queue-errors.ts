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

/** How far `enqueueMany` came: numbers of its entries. */
export type EnqueueProgress = {
  readonly total: number;
  /** They are in their queues, or were known before. */
  readonly stored: number;
  /** The store did not answer: they may be in their queues. */
  readonly unknown: number;
  /** They are not in their queues. */
  readonly unsent: number;
};

/** `enqueueMany` ended early, after it had stored some of its entries. `cause` says why. */
export class EnqueueIncompleteError extends JobSchedulerError {
  readonly code = 'ENQUEUE_INCOMPLETE';
  declare readonly details: EnqueueProgress;

  /** @param unsent positions in the list of those entries that are not in their queues. */
  constructor(
    progress: EnqueueProgress,
    readonly unsent: readonly number[],
    reason: string,
    cause: unknown,
  ) {
    const { total, stored, unknown } = progress;
    super({
      message: `enqueueMany stored ${stored} of ${total} entries; ${unknown} more may be stored, ${progress.unsent} are not. Repeat the call where entries have an id of their own, which is safe; else with the entries at the positions in error.unsent. It ended because: ${reason}`,
      details: progress,
      cause,
    });
    // Up to 100,000 numbers are no part of a log line.
    Object.defineProperty(this, 'unsent', { enumerable: false });
  }
}
