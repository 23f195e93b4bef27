import { Injectable } from '@nestjs/common';
import type { JobLogLine } from '../../definition/job-log-line.js';
import type { JobRef } from '../../definition/job-ref.js';
import type { FinalStatus } from '../../definition/job-status.js';
import { inspectShort } from '../../common/inspect-short.js';
import { isStorableText } from '../../common/storable-text.js';
import { isContract } from '../../discovery/option-shapes.js';
import { JobRegistry } from '../../discovery/job-registry.js';
import { type HistoryStore, noStats } from '../../store/ports/history-store.js';
import { StoreHolder } from '../../store/store-holder.js';
import { Actions } from '../actions.js';
import {
  checkExecutionQuery,
  checkLogQuery,
  type CheckedQuery,
  type ExecutionQuery,
  type LogQuery,
} from './check-execution-query.js';
import { describeEnded, describeQueued } from './describe-execution.js';
import { canBeKnown } from '../../jobs/execution-id.js';
import { statusInQueue, ExecutionFinder } from '../../jobs/execution-finder.js';
import type { ExecutionPage, JobExecution } from './job-execution.js';
import { toJobStats, type JobStats } from './job-stats.js';
import { LiveExecutions } from './live-executions.js';
import { readLines } from '../logs/read-lines.js';

export type { ExecutionQuery, LogQuery } from './check-execution-query.js';
export type { ExecutionPage } from './job-execution.js';

/**
 * What ran, when, how it ended, and what that comes to. With `history: false` nothing is recorded: there are only those
 * executions that have not ended.
 *
 * All calls reject with `STORE_UNAVAILABLE` when the store has been silent for 5 s, and with `NOT_STARTED` before the app
 * has bootstrapped.
 */
@Injectable()
export class JobHistory {
  private readonly actions = new Actions();

  constructor(
    private readonly registry: JobRegistry,
    private readonly holder: StoreHolder,
    private readonly finder: ExecutionFinder,
    private readonly live: LiveExecutions,
  ) {}

  /** A job's executions, newest first. @throws JobUnknownError, HistoryQueryError */
  async getExecutions(job: JobRef, query: ExecutionQuery = {}): Promise<JobExecution[]> {
    const { limit } = checkExecutionQuery(query);
    const items: JobExecution[] = [];
    let { before } = query;
    do {
      const place = before !== undefined && { before };
      const page = await this.find({ ...query, job, limit: limit - items.length, ...place });
      items.push(...page.items);
      before = page.next;
    } while (before !== undefined && items.length < limit);
    return items;
  }

  /**
   * Executions, newest first, page by page.
   * @param query `job`: default, of all jobs.
   * @throws JobUnknownError, HistoryQueryError
   */
  async find(query: ExecutionQuery & { job?: JobRef }): Promise<ExecutionPage> {
    const checked = checkExecutionQuery(query, ['job']);
    const { job } = query;
    return this.holder.run('list executions', async ({ history }) => {
      const name = job === undefined ? undefined : await this.nameOf(job, history);
      const { status } = checked;
      return status === 'running' || status === 'pending' || status === 'retrying'
        ? this.live.list(status, checked, name)
        : listEnded(history, { ...checked, status }, name);
    });
  }

  /** One execution, whether it has ended or not; undefined when nothing is known of it (any more). */
  getExecution(id: string): Promise<JobExecution | undefined> {
    return this.holder.run('look up an execution', async ({ executions }) => {
      if (!canBeKnown(id)) return undefined;
      const ended = async () => {
        const record = await executions.load(id);
        return record?.final ? describeEnded(record) : undefined;
      };
      const known = await ended();
      if (known) return known;
      const found = await this.finder.find(id);
      if (found?.record?.final) return describeEnded(found.record);
      const status = found?.inQueue && statusInQueue(await found.inQueue.getState(), found.inQueue.attemptsMade);
      if (status) {
        const runAt = await this.live.runAt(found.inQueue, found.queue, status);
        return describeQueued(found.inQueue, found.queue, status, found.record, runAt);
      }
      // It has left its queue meanwhile: its record came first.
      return ended();
    });
  }

  /** Lines that an execution wrote, oldest first; of those that are kept, see `JobLogLine.number`. @throws HistoryQueryError */
  async getLogs(id: string, query: LogQuery = {}): Promise<JobLogLine[]> {
    const checked = checkLogQuery(query);
    return this.holder.run('read log lines', async ({ logs }) => (canBeKnown(id) ? readLines(logs, id, checked) : []));
  }

  /** Deletes the records and log lines of a job's ended executions. Its stats stay. @throws JobUnknownError */
  async clear(job: JobRef): Promise<void> {
    const cleared = this.holder.run('clear the history of a job', async ({ history }) => {
      const name = await this.nameOf(job, history);
      await history.clear({ job: name });
      return name;
    });
    await this.actions.note(cleared, (name) => `The history of job ${inspectShort(name)} was cleared`);
  }

  /** Deletes the records and log lines of the ended executions that a schedule made. Stats stay. */
  clearSchedule(scheduleId: string): Promise<void> {
    const cleared = this.holder.run('clear the history of a schedule', async ({ history }) => {
      if (canBeKnown(scheduleId)) await history.clear({ scheduleId });
    });
    return this.actions.note(cleared, () => `The history of schedule ${inspectShort(scheduleId)} was cleared`);
  }

  /** @throws JobUnknownError */
  getStats(job: JobRef): Promise<JobStats> {
    return this.holder.run('sum up a job', async ({ history }) => {
      const [stats] = await history.stats([await this.nameOf(job, history)]);
      return toJobStats(stats!);
    });
  }

  /** How many records of a job's ended executions are kept, by how they ended. @throws JobUnknownError */
  kept(job: JobRef): Promise<Record<FinalStatus, number>> {
    return this.holder.run('count records', async ({ history }) => history.kept(await this.nameOf(job, history)));
  }

  /** Of all jobs that are registered here, and of all others that ever ended an execution. By name. */
  getAllStats(): Promise<JobStats[]> {
    return this.holder.run('sum up all jobs', async ({ history }) => {
      const all = (await history.stats()).map(toJobStats);
      const known = new Set(all.map(({ job }) => job));
      const idle = this.registry.names().filter((name) => !known.has(name));
      const none = idle.length > 0 ? idle.map((name) => toJobStats(noStats(name))) : [];
      return [...all, ...none].toSorted((a, b) => (a.job < b.job ? -1 : 1));
    });
  }

  /** A job that is no longer registered, or never was here, is known by what it has left. @throws JobUnknownError */
  private async nameOf(job: JobRef, history: HistoryStore): Promise<string> {
    if (isContract(job)) return job.jobName;
    if (typeof job !== 'string' || this.registry.find(job)) return this.registry.require(job).definition.name;
    const [stats] = isStorableText(job) ? await history.stats([job]) : [];
    return stats && Object.values(stats.ended).some((count) => count > 0)
      ? job
      : this.registry.require(job).definition.name;
  }
}

async function listEnded(
  history: HistoryStore,
  { status: final, limit, before, scheduleId }: CheckedQuery & { readonly status: FinalStatus | undefined },
  job: string | undefined,
): Promise<ExecutionPage> {
  const { items, next } = await history.list({ job, scheduleId, final, limit, before });
  return {
    items: items.map(describeEnded).filter((execution) => execution !== undefined),
    ...(next !== undefined && { next }),
  };
}
