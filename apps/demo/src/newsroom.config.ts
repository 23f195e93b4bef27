import { join, resolve } from 'node:path';
import type { JobSchedulerOptions } from 'nestjs-job-scheduler';

/** Where the newsroom reads and writes, and what is different about its jobs here. */
export class NewsroomConfig {
  /** Holds everything that the newsroom keeps. */
  readonly dataDirectory: string;
  /** The packages whose README files are the articles. */
  readonly packagesDirectory: string;
  /** Sets this newsroom's jobs apart from others on the same store. */
  readonly jobsPrefix: string;
  /** Backups that are kept. */
  readonly keepBackups: number;
  /** Overrides of what the jobs' code says, by job. */
  readonly jobs: NonNullable<JobSchedulerOptions['jobs']>;
  /** Whether jobs run as soon as the app is up. */
  readonly autoStart: boolean;

  /** What operators must show; undefined: only this machine is let in. */
  readonly operatorToken: string | undefined;

  constructor(settings: Partial<NewsroomConfig> = {}) {
    this.dataDirectory = resolve(settings.dataDirectory ?? join('data', 'newsroom'));
    this.packagesDirectory = resolve(settings.packagesDirectory ?? 'node_modules');
    this.jobsPrefix = settings.jobsPrefix ?? 'newsroom';
    this.keepBackups = settings.keepBackups ?? 7;
    this.jobs = settings.jobs ?? {};
    this.autoStart = settings.autoStart ?? true;
    this.operatorToken = settings.operatorToken;
  }

  static fromEnv(env: NodeJS.ProcessEnv = process.env): NewsroomConfig {
    return new NewsroomConfig({
      dataDirectory: env['DATA_DIR'],
      packagesDirectory: env['PACKAGES_DIR'],
      jobsPrefix: env['JOBS_PREFIX'],
      operatorToken: env['OPERATOR_TOKEN'] || undefined,
    });
  }
}
