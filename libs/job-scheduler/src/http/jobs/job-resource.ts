import { Injectable } from '@nestjs/common';
import { ScheduleConflictError, ScheduleOwnedError } from '../../errors/schedule-errors.js';
import type { JobHandle } from '../../jobs/job-handle.js';
import { JobService } from '../../service/job-service.js';
import type { JobSummary } from '../../service/job-summary.js';
import { ScheduleService } from '../../service/schedules/schedule-service.js';
import type { Job, JobChange, JobPage, JobQuery, ListedJob, NewJob } from '../schemas/job.schema.js';
import { changedFields, toJob, toListedJob, toNewSchedule, toScheduleChange } from './job-record.js';
import { pageOf } from './job-page.js';

/** How often a change without a condition is tried again when others change the same job meanwhile. */
const TRIES = 20;

/** Persisted jobs: schedules, in the words of the wire. */
@Injectable()
export class JobResource {
  constructor(
    private readonly schedules: ScheduleService,
    private readonly jobs: JobService,
  ) {}

  async list(query: JobQuery): Promise<JobPage> {
    const { items, total, next } = pageOf(await this.schedules.list(), query);
    const targets = this.targets();
    return {
      items: items.map((schedule) => toListedJob(schedule, targets.get(schedule.job))),
      total,
      ...(next !== undefined && { next }),
    };
  }

  async create(input: NewJob): Promise<Job> {
    const schedule = await this.schedules.create(toNewSchedule(input));
    return toJob(schedule, this.targets().get(schedule.job));
  }

  async get(id: string): Promise<Job> {
    const schedule = await this.schedules.get(id);
    return toJob(schedule, this.targets().get(schedule.job));
  }

  async getListed(id: string): Promise<ListedJob> {
    const schedule = await this.schedules.get(id);
    return toListedJob(schedule, this.targets().get(schedule.job));
  }

  /**
   * Without a condition the last writer wins: what it says holds, whatever others write meanwhile.
   * @param allowed versions of which the job must be; undefined: whichever.
   */
  async change(id: string, change: JobChange, allowed: readonly number[] | undefined): Promise<Job> {
    for (let tries = 1; ; tries++) {
      const job = await this.get(id);
      requireVersion(job, allowed);
      try {
        return await this.changeVersion(job, changedFields(change, job));
      } catch (error) {
        if (!(error instanceof ScheduleConflictError) || allowed) throw error;
        if (tries === TRIES) throw new ScheduleConflictError(id, undefined, undefined);
      }
    }
  }

  async switch(id: string, status: '0' | '1', allowed: readonly number[] | undefined): Promise<Job> {
    const condition = { expectedVersion: await this.expected(id, allowed) };
    const schedule = await (status === '0'
      ? this.schedules.enable(id, condition)
      : this.schedules.disable(id, condition));
    return toJob(schedule, this.targets().get(schedule.job));
  }

  async delete(id: string, allowed: readonly number[] | undefined): Promise<void> {
    await this.schedules.delete(id, { expectedVersion: await this.expected(id, allowed) });
  }

  runNow(id: string): Promise<JobHandle> {
    return this.schedules.runNow(id);
  }

  /** @throws ScheduleConflictError when somebody has changed it since it was read. */
  private async changeVersion(job: Job, changed: JobChange): Promise<Job> {
    const { id, version: expectedVersion } = job;
    const fields = Object.keys(changed);
    if (fields.length === 0) return job;
    if (job.source === 'code') {
      if (fields.length > 1 || changed.status === undefined) throw new ScheduleOwnedError(id, 'changed');
      return this.switch(id, changed.status, [expectedVersion]);
    }
    const schedule = await this.schedules.update(id, { ...toScheduleChange(changed, job), expectedVersion });
    return toJob(schedule, this.targets().get(schedule.job));
  }

  private async expected(id: string, allowed: readonly number[] | undefined): Promise<number | undefined> {
    if (!allowed || allowed.length === 1) return allowed?.[0];
    const job = await this.get(id);
    requireVersion(job, allowed);
    return job.version;
  }

  private targets(): Map<string, JobSummary> {
    return new Map(this.jobs.getJobs().map((job) => [job.name, job]));
  }
}

function requireVersion({ id, version }: Job, allowed: readonly number[] | undefined): void {
  // Of those that it may be, the last one says best what was expected; 0 stands for a tag that is none of ours.
  if (allowed && !allowed.includes(version)) throw new ScheduleConflictError(id, allowed.at(-1) ?? 0, version);
}
