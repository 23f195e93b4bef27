import { join } from 'node:path';
import { optionsFromEnv, type JobSchedulerOptions } from 'nestjs-job-scheduler';
import type { NewsroomConfig } from './newsroom.config.js';

/** Queues and their weights: with all of them full, critical gets 6 of 13 starts, news 3, and so on. */
export const QUEUES = { critical: 6, news: 3, wechat: 2, analytics: 1, default: 1 };

/** Jobs live in a directory, unless the environment names a server (`JOBS_URL=redis://localhost:6379`). */
export function jobSchedulerOptions(config: NewsroomConfig): JobSchedulerOptions {
  const fromEnv = optionsFromEnv();
  return {
    connection: `file:${join(config.dataDirectory, 'jobs')}`,
    prefix: config.jobsPrefix,
    concurrency: 10,
    jobs: config.jobs,
    autoStart: config.autoStart,
    ...fromEnv,
    queues: { ...QUEUES, ...fromEnv.queues },
  };
}
