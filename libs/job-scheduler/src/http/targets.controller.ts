import { Get, Param } from '@nestjs/common';
import { JobHistory } from '../service/history/job-history.js';
import { JobService } from '../service/job-service.js';
import type { JobStats } from '../service/history/job-stats.js';
import type { JobSummary } from '../service/job-summary.js';
import { MonitorController } from './monitor-controller.js';
import { Describe } from './openapi/operation.js';
import { Presenter } from './present.js';
import { Stats, StatsList } from './schemas/execution.schema.js';
import { Targets } from './schemas/queue.schema.js';
import { Id } from './schemas/texts.js';

/** Jobs as code registers them, and what they came to. */
@MonitorController()
export class TargetsController {
  constructor(
    private readonly jobs: JobService,
    private readonly history: JobHistory,
    private readonly present: Presenter,
  ) {}

  @Get('targets')
  @Describe({ summary: 'List the jobs that are registered in code', status: 200, answer: Targets })
  list(): { items: JobSummary[] } {
    return { items: this.jobs.getJobs() };
  }

  @Get('stats')
  @Describe({ summary: 'Read what all jobs came to', status: 200, answer: StatsList })
  async allStats(): Promise<{ items: JobStats[] }> {
    const all = await this.history.getAllStats();
    return { items: all.map((stats) => this.present.stats(stats)) };
  }

  @Get('stats/:job')
  @Describe({ summary: 'Read what a job came to', status: 200, answer: Stats, problems: [404] })
  async stats(@Param('job', { schema: Id }) job: string): Promise<JobStats> {
    return this.present.stats(await this.history.getStats(job));
  }
}
