import type { Duration } from '../../common/duration.js';
import type { JobRef } from '../../definition/job-ref.js';

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
