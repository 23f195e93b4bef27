import type { IQueueBackend, JobsOptions } from 'bullmq';
import type { QueuedJob } from '../codecs/job-envelope.js';

/** A place among the failed jobs of a queue, which stand by the time of their failure, and by BullMQ's id where times are equal. */
export interface FailedPlace {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Absent: before all that failed at that time. */
  readonly id?: string;
}

/** Which failed jobs of a queue are meant. */
export interface FailedFilter {
  /** Job name. Default: all. */
  readonly job?: string | undefined;
  /** Only those that failed by then, in milliseconds since the epoch. */
  readonly until?: number | undefined;
}

/** A job that has failed for good, as BullMQ keeps it. */
export interface FailedJob {
  readonly job: QueuedJob;
  /** Milliseconds since the epoch. */
  readonly failedAt: number;
  readonly reason: string;
  /** Of the last attempt. */
  readonly stack?: string | undefined;
}

/** A failed job without its payload. */
export interface AgedJob {
  readonly id: string;
  readonly name: string;
  readonly opts: JobsOptions;
  /** Milliseconds since the epoch. */
  readonly failedAt: number;
}

/** May hold fewer than asked for, or none, although there are more: a call looks at a bounded number of jobs. */
export interface FailedPage<Item> {
  readonly items: readonly Item[];
  /** Where to go on; absent: there is no more. */
  readonly next?: FailedPlace;
  /** Its bytes have ended it, see `PAGE_BYTES`: there is no use in asking for the rest at once. */
  readonly isLarge?: boolean;
}

/** How many jobs one call looks at: a script holds up the server. */
export const LOOK_AT_MOST = 1_000;

/** What is needed of a BullMQ queue. */
export interface FailedQueue {
  readonly name: string;
  getBackend(): IQueueBackend;
  remove(jobId: string): Promise<number>;
}

/** The failed jobs of BullMQ's queues, many in one round trip. */
export interface DeadLetterStore {
  /** Newest first. @param before only those before that place. */
  list(queue: string, filter: FailedFilter, limit: number, before?: FailedPlace): Promise<FailedPage<FailedJob>>;
  /** BullMQ's ids, oldest first. @param after only those after that place. */
  ids(queue: string, filter: FailedFilter, limit: number, after?: FailedPlace): Promise<FailedPage<string>>;
  /** One round trip; with a job's name, one for each `LOOK_AT_MOST` failed jobs of the queue. */
  count(queue: string, filter: FailedFilter): Promise<number>;
  /**
   * Those whose own time is over (`removeOnFail.age`, in seconds), oldest first, of the next `LOOK_AT_MOST` failed jobs.
   * @param now milliseconds since the epoch.
   */
  aged(queue: string, now: number, after?: FailedPlace): Promise<FailedPage<AgedJob>>;
  /** Puts jobs back into their queue, with all their attempts. @returns how many: those that had failed still. */
  retry(queue: FailedQueue, ids: readonly string[]): Promise<number>;
  /** Deletes jobs. @returns how many: those that had failed still. */
  discard(queue: FailedQueue, ids: readonly string[]): Promise<number>;
}

/** The last of BullMQ's stacks, which it keeps as a JSON list. */
export function lastStack(stacks: string | null | undefined): string | undefined {
  if (!stacks) return undefined;
  try {
    const list: unknown = JSON.parse(stacks);
    const last: unknown = Array.isArray(list) ? list.at(-1) : undefined;
    return typeof last === 'string' && last !== '' ? last : undefined;
  } catch {
    return undefined;
  }
}
