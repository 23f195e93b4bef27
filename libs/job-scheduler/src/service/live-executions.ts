import type { JobStatus } from '../definition/job-status.js';
import { readCursor, toCursor } from '../store/history-cursor.js';
import { executionId } from '../store/job-envelope.js';
import type { EngineQueue } from '../store/ports.js';
import type { StoreHolder } from '../store/store-holder.js';
import type { CheckedQuery } from './check-execution-query.js';
import { describeQueued } from './describe-execution.js';
import type { EngineJob } from './execution-finder.js';
import type { ExecutionPage } from './job-execution.js';
import type { QueueHub } from './queue-hub.js';

export type LiveStatus = Extract<JobStatus, 'running' | 'pending' | 'retrying'>;

/** Of each queue, and each of BullMQ's states, so many are looked at. */
const LOOKED_AT = 1_000;

/** BullMQ's states that an execution of a status can be in. */
const STATES = {
  running: ['active'],
  pending: ['waiting', 'prioritized', 'delayed'],
  retrying: ['delayed'],
} as const satisfies Record<LiveStatus, readonly string[]>;

interface Seen {
  readonly job: EngineJob;
  readonly queue: string;
  readonly id: string;
  /** When it was started or made. */
  readonly at: number;
}

/** Executions that have not ended: read from their queues. */
export class LiveExecutions {
  constructor(
    private readonly hub: QueueHub,
    private readonly holder: StoreHolder,
  ) {}

  /** Newest first. @throws HistoryQueryError */
  async list(status: LiveStatus, query: CheckedQuery, job: string | undefined): Promise<ExecutionPage> {
    const { limit, before, scheduleId } = query;
    const isAfter = placeOf(before);
    const seen = (await Promise.all(this.hub.all().map((queue) => this.look(queue, status)))).flat();
    const fitting = seen
      .filter((each) => (job === undefined || each.job.name === job) && isAfter(each))
      .toSorted((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1));
    const { history } = this.holder.require('list executions');
    const items = [];
    let index = 0;
    while (index < fitting.length && items.length < limit) {
      const part = fitting.slice(index, index + limit - items.length);
      const [records, times] = await Promise.all([
        history.loadMany(part.map(({ id }) => id)),
        this.timesOf(part, status),
      ]);
      for (const { job: found, queue, id } of part) {
        const record = records.get(id);
        // Its queue is about to be told of its end.
        if (record?.final) continue;
        const execution = describeQueued(found, queue, status, record, times.get(found));
        if (scheduleId === undefined || execution.scheduleId === scheduleId) items.push(execution);
      }
      index += part.length;
    }
    const last = fitting[index - 1];
    return { items, ...(last && index < fitting.length && { next: toCursor([last.at, last.id]) }) };
  }

  /** When an execution runs that waits for its time, in milliseconds since the epoch. */
  async runAt(job: EngineJob, queue: string, status: JobStatus): Promise<number | undefined> {
    return (await this.timesOf([{ job, queue }], status)).get(job);
  }

  private async timesOf(
    jobs: readonly Pick<Seen, 'job' | 'queue'>[],
    status: JobStatus,
  ): Promise<ReadonlyMap<EngineJob, number>> {
    const times = new Map<EngineJob, number>();
    if (status !== 'pending' && status !== 'retrying') return times;
    const { queues } = this.holder.require('look up executions');
    await Promise.all(
      [...new Set(jobs.map(({ queue }) => queue))].map(async (queue) => {
        const own = jobs.filter((each) => each.queue === queue).map(({ job }) => job);
        const found = await queues.dueTimes(
          queue,
          own.map(({ id }) => id ?? ''),
        );
        for (const job of own) {
          const at = found.get(job.id ?? '');
          if (at !== undefined) times.set(job, at);
        }
      }),
    );
    return times;
  }

  private async look(queue: EngineQueue, status: LiveStatus): Promise<Seen[]> {
    const jobs = await Promise.all(STATES[status].map((state) => queue.getJobs([state], 0, LOOKED_AT - 1, false)));
    const seen = new Map<string, Seen>();
    for (const [index, state] of STATES[status].entries()) {
      for (const job of jobs[index]!) {
        if (state === 'delayed' && job.attemptsMade > 0 !== (status === 'retrying')) continue;
        const id = executionId(job, queue.name);
        const at = status === 'running' ? (job.processedOn ?? job.timestamp) : job.timestamp;
        seen.set(id, { job, queue: queue.name, id, at });
      }
    }
    return [...seen.values()];
  }
}

function placeOf(before: number | string | undefined): (seen: Seen) => boolean {
  if (before === undefined) return () => true;
  if (typeof before === 'number') return ({ at }) => at < before;
  const [time, place] = readCursor(before, [0, '']);
  return ({ at, id }) => at < time || (at === time && id < place);
}
