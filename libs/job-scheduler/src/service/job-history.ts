import type { JobLogLine } from '../definition/job-log-line.js';
import type { JobRef } from '../definition/job-ref.js';
import type { JobStatus } from '../definition/job-status.js';
import type { JobExecution } from './job-execution.js';
import type { JobStats } from './job-stats.js';

/** Which executions to list. */
export interface ExecutionQuery {
  /** How many at most: 1 to 200, 20 by default. */
  readonly limit?: number;
  /** Only older ones: a time before which they ended, or the `next` of a page. */
  readonly before?: Date | string;
  /**
   * `completed`, `failed`, `skipped` or `cancelled`: those of the history, newest end first. `running`, `pending` or
   * `retrying`: those in their queues, newest first. Default: all that have ended.
   */
  readonly status?: JobStatus;
  /** Only those that this schedule made. */
  readonly scheduleId?: string;
}

export interface ExecutionPage {
  /** Newest first. */
  readonly items: JobExecution[];
  /** `before` of the next page; absent: there is no more. */
  readonly next?: string;
}

/** Which log lines to read. */
export interface LogQuery {
  /** Only lines with a greater `seq`. Default: from the first on. */
  readonly after?: number;
  /** Default and most: 1,000. */
  readonly limit?: number;
}

/** What ran, when, how it ended, and what that comes to. */
export class JobHistory {
  async getExecutions(_job: JobRef, _query: ExecutionQuery = {}): Promise<JobExecution[]> {
    return [];
  }

  async find(_query: ExecutionQuery & { job?: JobRef }): Promise<ExecutionPage> {
    return { items: [] };
  }

  async getExecution(_id: string): Promise<JobExecution | undefined> {
    return undefined;
  }

  async getLogs(_id: string, _query: LogQuery = {}): Promise<JobLogLine[]> {
    return [];
  }

  async clear(_job: JobRef): Promise<void> {}

  async clearSchedule(_scheduleId: string): Promise<void> {}

  async getStats(_job: JobRef): Promise<JobStats> {
    throw new Error('not yet');
  }

  async getAllStats(): Promise<JobStats[]> {
    return [];
  }
}
