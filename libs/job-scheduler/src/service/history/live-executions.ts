import { Injectable } from '@nestjs/common';
import type { JobStatus } from '../../definition/job-status.js';
import { readCursor, toCursor } from '../../store/history-cursor.js';
import { executionId } from '../../store/codecs/job-envelope.js';
import type { JobHeading, EngineQueue, QueueEngine } from '../../store/ports/ports.js';
import { readJob } from '../../store/read-job.js';
import { StoreHolder } from '../../store/store-holder.js';
import type { CheckedQuery } from './check-execution-query.js';
import { describeQueued } from './describe-execution.js';
import type { EngineJob } from '../../jobs/execution-finder.js';
import type { ExecutionPage } from './job-execution.js';
import { BullQueues } from '../../queues/bull-queues.js';

export type LiveStatus = Extract<JobStatus, 'running' | 'pending' | 'retrying'>;

/** Of each queue, and each of BullMQ's states, so many are looked at. */
const LOOKED_AT = 1_000;

/** Of those among which a schedule's are looked for, so many are read at once. */
const PORTION = 50;

/** BullMQ's states that an execution of a status can be in. */
const STATES = {
  running: ['active'],
  pending: ['waiting', 'prioritized', 'delayed'],
  retrying: ['delayed'],
} as const satisfies Record<LiveStatus, readonly string[]>;

interface Seen {
  readonly queue: EngineQueue;
  readonly heading: JobHeading;
  /** Ours. */
  readonly id: string;
  /** When it was started or made. */
  readonly at: number;
}

/** Executions that have not ended: read from their queues. */
@Injectable()
export class LiveExecutions {
  constructor(
    private readonly queues: BullQueues,
    private readonly holder: StoreHolder,
  ) {}

  /** Newest first. Of those that are not shown, what they carry is not read. @throws HistoryQueryError */
  async list(status: LiveStatus, query: CheckedQuery, job: string | undefined): Promise<ExecutionPage> {
    const { limit, before, scheduleId } = query;
    const isAfter = placeOf(before);
    const { history, queues } = this.holder.require('list executions');
    const seen = (await Promise.all(this.queues.all().map((queue) => look(queues, queue, status)))).flat();
    const fitting = seen
      .filter((each) => (job === undefined || each.heading.name === job) && isAfter(each))
      .toSorted((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1));
    const items = [];
    let index = 0;
    while (index < fitting.length && items.length < limit) {
      const missing = limit - items.length;
      const part = fitting.slice(index, index + (scheduleId === undefined ? missing : Math.max(missing, PORTION)));
      const [records, jobs] = await Promise.all([
        history.loadMany(part.map(({ id }) => id)),
        Promise.all(part.map(({ queue, heading }) => readJob(queue, heading.id))),
      ]);
      const there = part.flatMap(({ queue }, place) => (jobs[place] ? [{ job: jobs[place], queue: queue.name }] : []));
      const times = await this.timesOf(there, status);
      for (const [place, { queue, id }] of part.entries()) {
        if (items.length === limit) break;
        index += 1;
        const [found, record] = [jobs[place], records.get(id)];
        // It has left its queue meanwhile, or its queue is about to be told of its end.
        if (!found || record?.final) continue;
        const execution = describeQueued(found, queue.name, status, record, times.get(found));
        if (scheduleId === undefined || execution.scheduleId === scheduleId) items.push(execution);
      }
    }
    const last = fitting[index - 1];
    return { items, ...(last && index < fitting.length && { next: toCursor([last.at, last.id]) }) };
  }

  /** When an execution runs that waits for its time, in milliseconds since the epoch. */
  async runAt(job: EngineJob, queue: string, status: JobStatus): Promise<number | undefined> {
    return (await this.timesOf([{ job, queue }], status)).get(job);
  }

  private async timesOf(
    jobs: readonly { readonly job: EngineJob; readonly queue: string }[],
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
}

async function look(queues: QueueEngine, queue: EngineQueue, status: LiveStatus): Promise<Seen[]> {
  const ids = await Promise.all(STATES[status].map((state) => queue.getRanges([state], 0, LOOKED_AT - 1, false)));
  const delayed = new Set(ids[STATES[status].findIndex((state) => state === 'delayed')]);
  const all = [...new Set(ids.flat())];
  const headings = all.length === 0 ? [] : await queues.headings(queue.name, all);
  return headings
    .filter(({ id, attemptsMade }) => !delayed.has(id) || attemptsMade > 0 === (status === 'retrying'))
    .map((heading) => ({
      queue,
      heading,
      id: executionId(heading, queue.name),
      at: status === 'running' ? (heading.processedOn ?? heading.timestamp) : heading.timestamp,
    }));
}

function placeOf(before: number | string | undefined): (seen: Seen) => boolean {
  if (before === undefined) return () => true;
  if (typeof before === 'number') return ({ at }) => at < before;
  const [time, place] = readCursor(before, [0, '']);
  return ({ at, id }) => at < time || (at === time && id < place);
}
