import type { Duration } from '../definition/job-options.js';

/** An execution that was enqueued. */
export interface JobHandle<R = unknown> {
  readonly id: string;
  readonly job: string;
  readonly queue: string;
  /** `true`: the id was known already, and nothing was added. */
  readonly duplicate: boolean;
  /**
   * Waits until the execution has ended, wherever it runs, and gives its result.
   * @param options.timeout how long to wait; default: for ever.
   * @throws JobFailedError when it failed for good, JobCancelledError, JobSkippedError; WaitTimeoutError when it takes too long.
   */
  finished(options?: { timeout?: Duration }): Promise<R>;
}
