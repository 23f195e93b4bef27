import type { RunningJob } from '../execution/running-job.js';
import type { FetchedJob } from './fetch-result.js';

/** A job of one queue from its fetch until the store has its end. */
export interface ActiveJob {
  readonly fetched: FetchedJob;
  /** The lock is held by it. */
  readonly token: string;
  /** Set when its code has begun. */
  running: RunningJob | undefined;
  /** Of the fetch that its finish has made; undefined while there is none. See `QueuePoller.ask`. */
  fetchTicket: number | undefined;
  /** For how many milliseconds this process leaves it to others, when it has been put back. */
  pause: number;
  /** Called when it is not active any more. */
  whenOver: (() => void) | undefined;
}

export function toActiveJob(fetched: FetchedJob, token: string): ActiveJob {
  return { fetched, token, running: undefined, fetchTicket: undefined, pause: 0, whenOver: undefined };
}

/**
 * The active jobs of one queue, by BullMQ's id.
 *
 * No `Map`: it makes a new table every few deletions, and V8 lets the old one point to the new one. Once the oldest has
 * outlived two minor collections, all later ones and the jobs in them outlive theirs, which costs a tenth of the time that
 * short jobs take.
 */
export class ActiveJobs {
  private readonly jobs: Record<string, ActiveJob> = Object.create(null) as Record<string, ActiveJob>;

  private count = 0;

  get size(): number {
    return this.count;
  }

  get(id: string): ActiveJob | undefined {
    return this.jobs[id];
  }

  has(id: string): boolean {
    return this.jobs[id] !== undefined;
  }

  add(job: ActiveJob): void {
    this.jobs[job.fetched.id] = job;
    this.count++;
  }

  delete(job: ActiveJob): void {
    delete this.jobs[job.fetched.id];
    this.count--;
    job.whenOver?.();
  }

  values(): ActiveJob[] {
    return Object.values(this.jobs);
  }
}
