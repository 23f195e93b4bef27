import type { MemoryJob } from './memory-job.js';

/** Jobs in the order in which they came, as Redis's lists: new ones on the left, the next to be taken on the right. */
export class JobList implements Iterable<MemoryJob> {
  private left: MemoryJob | undefined;
  private right: MemoryJob | undefined;
  private count = 0;

  get size(): number {
    return this.count;
  }

  get last(): MemoryJob | undefined {
    return this.right;
  }

  pushLeft(job: MemoryJob): void {
    job.before = undefined;
    job.after = this.left;
    if (this.left) this.left.before = job;
    else this.right = job;
    this.left = job;
    this.count++;
  }

  pushRight(job: MemoryJob): void {
    job.after = undefined;
    job.before = this.right;
    if (this.right) this.right.after = job;
    else this.left = job;
    this.right = job;
    this.count++;
  }

  /** The job must be in this list. */
  delete(job: MemoryJob): void {
    if (job.before) job.before.after = job.after;
    else this.left = job.after;
    if (job.after) job.after.before = job.before;
    else this.right = job.before;
    job.before = undefined;
    job.after = undefined;
    this.count--;
  }

  *[Symbol.iterator](): Iterator<MemoryJob> {
    for (let job = this.left; job; job = job.after) yield job;
  }

  /** From `start` to `stop`, both included, from the left; negative ones count from the right: -1 is the last. */
  range(start: number, stop: number): MemoryJob[] {
    const [first, last] = bounds(start, stop, this.count);
    if (first > last) return [];
    const jobs: MemoryJob[] = [];
    if (first <= this.count - 1 - last) {
      let job = this.left;
      for (let index = 0; index <= last; index++, job = job!.after) if (index >= first) jobs.push(job!);
      return jobs;
    }
    let job = this.right;
    for (let index = this.count - 1; index >= first; index--, job = job!.before) if (index <= last) jobs.push(job!);
    return jobs.toReversed();
  }
}

/** Redis's way with indexes: `[first, last]` of those that exist; first > last when there are none. */
export function bounds(start: number, stop: number, size: number): [number, number] {
  const first = start < 0 ? Math.max(0, size + start) : start;
  const last = stop < 0 ? size + stop : Math.min(stop, size - 1);
  return [first, last];
}
