import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import type { JobRef } from '../definition/job-ref.js';
import { JobRegistry } from '../discovery/job-registry.js';
import { isOverdue } from '../scheduling/overdue.js';
import { StoreHolder } from '../store/store-holder.js';
import { JobHistory } from './history/job-history.js';

/** Tells, by job, whether all is well. Errors as those of `JobHistory`. */
@Injectable()
export class JobMonitor {
  constructor(
    private readonly registry: JobRegistry,
    private readonly history: JobHistory,
    private readonly holder: StoreHolder,
    private readonly clock: Clock,
  ) {}

  /**
   * For each job that is registered in this process: whether its last run that completed or failed for good has completed,
   * and no fire of its schedules has been due for more than a minute without being taken. One that never ran is well.
   */
  async healthCheck(): Promise<Record<string, boolean>> {
    const names = this.registry.names();
    return this.holder.run('check the health of jobs', async (store) => {
      const [stats, schedules] = await Promise.all([store.history.stats(names), store.schedules.all()]);
      const now = this.clock.now();
      const overdue = new Set(schedules.filter((schedule) => isOverdue(schedule, now)).map(({ job }) => job));
      const isWell = ({ job, last: { completed = 0, failed = 0 } }: (typeof stats)[number]) =>
        completed >= failed && !overdue.has(job);
      return Object.fromEntries(stats.map((each) => [each.job, isWell(each)]));
    });
  }

  /** The share of failed ones among the completed and failed executions that are kept, from 0 to 1; 0 when there are none. @throws JobUnknownError */
  async failureRate(job: JobRef): Promise<number> {
    const { completed, failed } = await this.history.kept(job);
    return failed === 0 ? 0 : failed / (completed + failed);
  }

  /** How long runs that completed or failed took in the mean, in milliseconds, since the first one; 0 when there were none. @throws JobUnknownError */
  async averageLatency(job: JobRef): Promise<number> {
    return (await this.history.getStats(job)).averageMs;
  }
}
