import type { ActiveJob } from './active-job.js';

/**
 * The jobs that a lane has, by BullMQ's id.
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
    this.jobs[job.id] = job;
    this.count++;
  }

  delete(id: string): void {
    delete this.jobs[id];
    this.count--;
  }

  values(): ActiveJob[] {
    return Object.values(this.jobs);
  }
}
