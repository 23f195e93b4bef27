import { endOf } from './clock.js';

interface Key {
  jobId: string;
  /** Infinity: it has no end of its own. */
  until: number;
}

/** A job that takes the place of the one that runs, once that has ended. */
export interface NextJob {
  readonly id: string;
  readonly name: string;
  readonly data: string;
  /** JSON. */
  readonly opts: string;
  readonly parentKey: string | undefined;
  readonly parent: string | undefined;
  readonly isDependency: boolean;
  readonly repeatJobKey: string | undefined;
}

const LEAST_SWEEP = 1_024;

/** Which job holds a deduplication id, for how long, and which one follows it. */
export class Deduplication {
  private readonly keys = new Map<string, Key>();
  private readonly nextJobs = new Map<string, NextJob>();
  /** Looked through for keys whose time is over when there are that many. */
  private sweepAt = LEAST_SWEEP;

  holder(id: string, now: number): string | undefined {
    return this.find(id, now)?.jobId;
  }

  /** Milliseconds that are left; Infinity when it has no end, undefined when there is none. */
  ttl(id: string, now: number): number | undefined {
    const key = this.find(id, now);
    return key && key.until - now;
  }

  /** @param ttl milliseconds; absent or not above 0: no end. */
  hold(id: string, jobId: string, now: number, ttl?: number): void {
    this.keys.set(id, { jobId, until: ttl !== undefined && ttl > 0 ? endOf(now, ttl) : Infinity });
    if (this.keys.size >= this.sweepAt) this.sweep(now);
  }

  /** Another job holds it, until the same end. */
  handOver(id: string, jobId: string, now: number): void {
    this.keys.set(id, { jobId, until: this.find(id, now)?.until ?? Infinity });
  }

  /** It has no end of its own any more. */
  persist(id: string, now: number): void {
    const key = this.find(id, now);
    if (key) key.until = Infinity;
  }

  delete(id: string, now: number): boolean {
    return this.find(id, now) !== undefined && this.keys.delete(id);
  }

  /** @returns whether the job held it. */
  release(id: string, jobId: string, now: number): boolean {
    return this.holder(id, now) === jobId && this.keys.delete(id);
  }

  next(id: string): NextJob | undefined {
    return this.nextJobs.get(id);
  }

  setNext(id: string, job: NextJob): void {
    this.nextJobs.set(id, job);
  }

  dropNext(id: string): void {
    this.nextJobs.delete(id);
  }

  /** Ids that are never asked for again would stay for ever. */
  private sweep(now: number): void {
    for (const [id, { until }] of this.keys) if (until <= now) this.keys.delete(id);
    this.sweepAt = Math.max(LEAST_SWEEP, 2 * this.keys.size);
  }

  private find(id: string, now: number): Key | undefined {
    const key = this.keys.get(id);
    if (!key || key.until > now) return key;
    this.keys.delete(id);
    return undefined;
  }
}
