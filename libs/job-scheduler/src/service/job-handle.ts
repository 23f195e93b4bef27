import type { Duration } from '../definition/job-options.js';
import type { Enqueued } from './enqueued.js';
import type { FinishWatcher } from './finish-watcher.js';

/** An execution that was enqueued. */
export interface JobHandle<R = unknown> {
  readonly id: string;
  readonly job: string;
  readonly queue: string;
  /** `true`: the id was known already, or another execution has the key of a unique job; nothing was added. */
  readonly duplicate: boolean;
  /**
   * Waits until the execution has ended, wherever it runs, and gives its result.
   * @param options.timeout how long to wait; default: for ever.
   * @throws JobFailedError when it failed for good, JobCancelledError, JobSkippedError; WaitTimeoutError when it takes too long.
   */
  finished(options?: { timeout?: Duration }): Promise<R>;
}

export function toHandle<R>(enqueued: Enqueued, watcher: FinishWatcher): JobHandle<R> {
  return Object.freeze({
    ...enqueued,
    finished: async ({ timeout }: { timeout?: Duration } = {}) => (await watcher.finished(enqueued, timeout)) as R,
  });
}
