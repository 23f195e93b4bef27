import type { Duration } from '../definition/job-options.js';
import type { JobRef } from '../definition/job-ref.js';
import type { ExecutionFinder } from './execution-finder.js';
import type { QueueHub } from './queue-hub.js';
import type { Steering } from './steering.js';

/** Which dead letters are meant. Without any field: all. */
export interface DeadLetterFilter {
  readonly job?: JobRef;
  readonly queue?: string;
  /** Only those that failed at least so long ago. */
  readonly olderThan?: Duration;
}

/** A page of dead letters. */
export interface DeadLetterQuery extends DeadLetterFilter {
  /** 1 to 200. Default: 20. */
  readonly limit?: number;
  /** Only those that failed before: a time, or `next` of the page before. */
  readonly before?: Date | string;
}

/** A job that has failed for good: it stays in its queue's failed jobs for `retention.failed`. */
export interface DeadLetter {
  /** The execution's id. */
  readonly id: string;
  readonly job: string;
  readonly queue: string;
  readonly payload: unknown;
  /** What its last attempt failed with. */
  readonly error: { readonly message: string; readonly stack?: string };
  /** How many attempts it had. */
  readonly attempts: number;
  readonly scheduleId: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly createdAt: Date;
  readonly failedAt: Date;
}

/** Newest first. */
export interface DeadLetterPage {
  readonly items: DeadLetter[];
  /** For `before` of the next page; absent on the last one. */
  readonly next?: string;
}

/** Jobs that have failed for good: reads them, brings them back into their queues, or drops them. */
export class DeadLetters {
  constructor(
    protected readonly hub: QueueHub,
    protected readonly finder: ExecutionFinder,
    protected readonly steering: Steering,
  ) {}

  /** Newest first. @throws JobUnknownError, QueueUnknownError */
  list(_query: DeadLetterQuery = {}): Promise<DeadLetterPage> {
    return Promise.resolve({ items: [] });
  }

  /** @throws JobUnknownError, QueueUnknownError */
  count(_filter: DeadLetterFilter = {}): Promise<number> {
    return Promise.resolve(0);
  }

  /**
   * Runs them again, with all their attempts; steps that have succeeded are not run again.
   * @param which the id of one, or a filter; `{}` means all.
   * @returns how many were brought back.
   */
  retry(_which: string | DeadLetterFilter): Promise<number> {
    return Promise.resolve(0);
  }

  /**
   * Takes them out of the failed jobs; their records stay in the history.
   * @param which the id of one, or a filter; `{}` means all.
   * @returns how many were dropped.
   */
  discard(_which: string | DeadLetterFilter): Promise<number> {
    return Promise.resolve(0);
  }
}
