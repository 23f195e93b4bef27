import type { Duration } from '../../common/duration.js';
import type { Retention, RetryOptions } from '../../definition/job-options.js';

/** What one enqueue may set for its execution. Everything else is the job's own. */
export interface EnqueueOptions {
  /**
   * The execution's id: 1 to 256 characters, unique over all jobs. No control characters, no halves of surrogate pairs, not
   * `.` or `..`, and not `bullmq:` at its start; all else is allowed. That of another job's execution is refused. A known id of the same job gives its handle back, with `duplicate: true`, and adds nothing;
   * so a repeated enqueue with the same id is safe. Default: a new UUID.
   */
  id?: string;
  /** Default: the job's. */
  queue?: string;
  /** Higher is more urgent inside its queue. Default: the job's. */
  priority?: number;
  /** Default: the job's. Its `backoff` may not be a function here: it is stored. */
  retry?: number | (Omit<RetryOptions, 'backoff'> & { backoff?: 'exponential' | 'fixed' });
  /** Per attempt. Default: the job's. */
  timeout?: Duration;
  /**
   * Of this execution alone. A `count` of 0 keeps no record of it; any other keeps one, and prunes no more than the job's.
   * Default: the job's.
   */
  retention?: Retention;
  /** Notes for the handler (`ctx.metadata`) and for whoever reads the execution: up to 64 texts of up to 1,024 characters. */
  metadata?: Record<string, string>;
  /**
   * What to do when the queue has as many jobs waiting as its `maxWaiting` allows. `reject`: `enqueue` rejects with
   * `QUEUE_FULL`. `wait`: it waits until there is room; those of one process get in in the order in which they came.
   * Default: the queue's `whenFull`. No effect on queues without `maxWaiting`, and on jobs for later.
   */
  whenFull?: 'reject' | 'wait';
  /** Ends the waiting for room: `enqueue` rejects with its reason, and nothing was stored. */
  signal?: AbortSignal;
}
