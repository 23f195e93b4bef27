import { RankedSet, type Ranked } from '#bullmq-memory/extend';
import type { FinalStatus } from '../../definition/job-status.js';

/** What the index needs of a record. `score`: when it ended. */
export interface EndedRecord extends Ranked {
  readonly job: string;
  readonly scheduleId: string | undefined;
  readonly final: FinalStatus | undefined;
}

/** Ended executions by their end: of all jobs, of each, and of each schedule. */
export class EndedIndex<T extends EndedRecord> {
  private readonly all = new RankedSet<T>();
  private readonly jobs = new Map<string, RankedSet<T>>();
  private readonly schedules = new Map<string, RankedSet<T>>();

  add(record: T): void {
    this.all.add(record);
    added(this.jobs, record.job, record);
    if (record.scheduleId !== undefined) added(this.schedules, record.scheduleId, record);
  }

  /** It must be in here, and as it was when it was added. */
  delete(record: T): void {
    this.all.delete(record);
    removed(this.jobs, record.job, record);
    if (record.scheduleId !== undefined) removed(this.schedules, record.scheduleId, record);
  }

  ofJob(job: string): RankedSet<T> | undefined {
    return this.jobs.get(job);
  }

  ofSchedule(scheduleId: string): RankedSet<T> | undefined {
    return this.schedules.get(scheduleId);
  }

  /** The narrowest set that has all of them. */
  ofEither(job: string | undefined, scheduleId: string | undefined): RankedSet<T> | undefined {
    if (scheduleId !== undefined) return this.ofSchedule(scheduleId);
    return job === undefined ? this.all : this.ofJob(job);
  }
}

function added<T extends Ranked>(sets: Map<string, RankedSet<T>>, name: string, record: T): void {
  let set = sets.get(name);
  if (!set) sets.set(name, (set = new RankedSet()));
  set.add(record);
}

function removed<T extends Ranked>(sets: Map<string, RankedSet<T>>, name: string, record: T): void {
  const set = sets.get(name);
  set?.delete(record);
  if (set?.size === 0) sets.delete(name);
}
