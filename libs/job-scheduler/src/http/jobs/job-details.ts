import { Injectable } from '@nestjs/common';
import type { JobLogLine } from '../../definition/job-log-line.js';
import type { JobExecution } from '../../service/history/job-execution.js';
import { JobHistory } from '../../service/history/job-history.js';
import { Presenter } from '../present.js';
import type { DetailQuery } from '../schemas/execution.schema.js';

/** What a job did. */
export interface JobRuns {
  readonly executions: JobExecution[];
  /** `before` of the next page. */
  readonly nextExecutions?: string;
  readonly logs: JobLogLine[];
}

/** In the order in which an execution passes through them. */
const LIVE = ['pending', 'retrying', 'running'] as const;
const MOST_LINES = 1_000;
/** Of so many executions the lines are read at the same time. */
const READ_AT_ONCE = 5;

/** Reads what persisted jobs did, in bounds. */
@Injectable()
export class JobDetails {
  constructor(
    private readonly history: JobHistory,
    private readonly present: Presenter,
  ) {}

  /** The executions of a schedule: on the first page those that have not ended, then those that have, newest first. */
  async of(scheduleId: string, query: DetailQuery): Promise<JobRuns> {
    const [live, ended] = await Promise.all([
      query.before === undefined ? this.notEnded(scheduleId) : [],
      this.history.find({ scheduleId, ...query }),
    ]);
    // One that moves on meanwhile is read twice: what was read of its later state counts.
    const executions = [...new Map([...live, ...ended.items].map((each) => [each.id, each])).values()];
    return {
      executions: executions.map((execution) => this.present.execution(execution)),
      ...(ended.next !== undefined && { nextExecutions: ended.next }),
      logs: await this.linesOf(executions),
    };
  }

  private async notEnded(scheduleId: string): Promise<JobExecution[]> {
    const pages = await Promise.all(LIVE.map((status) => this.history.find({ scheduleId, status })));
    return pages.flatMap(({ items }) => items);
  }

  /** Of the newest executions, until there are enough; oldest first. */
  private async linesOf(executions: readonly JobExecution[]): Promise<JobLogLine[]> {
    const lines: JobLogLine[] = [];
    for (let from = 0; from < executions.length && lines.length < MOST_LINES; from += READ_AT_ONCE) {
      const some = executions.slice(from, from + READ_AT_ONCE);
      const read = await Promise.all(some.map(({ id }) => this.history.getLogs(id)));
      lines.push(...read.flat());
    }
    return lines.toSorted((a, b) => a.at.getTime() - b.at.getTime() || a.seq - b.seq).slice(-MOST_LINES);
  }
}
