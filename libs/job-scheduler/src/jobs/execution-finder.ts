import { Injectable } from '@nestjs/common';
import type { JobStatus } from '../definition/job-status.js';
import type { StoredExecution } from '../store/ports/execution-record.js';
import { encodeJobId } from '../store/names.js';
import type { EngineQueue } from '../store/ports/ports.js';
import { readJob } from '../store/read-job.js';
import { StoreHolder } from '../store/store-holder.js';
import { canBeKnown } from './execution-id.js';
import { BullQueues } from '../queues/bull-queues.js';

/** A BullMQ job, as a queue gives it. */
export type EngineJob = NonNullable<Awaited<ReturnType<EngineQueue['getJob']>>>;

/** An execution that the store knows: still in its queue, ended, or both. */
export interface FoundExecution {
  readonly id: string;
  readonly job: string;
  readonly queue: string;
  readonly inQueue: EngineJob | undefined;
  readonly record: StoredExecution | undefined;
}

/** Finds executions by id alone: in the queues, and among the records. */
@Injectable()
export class ExecutionFinder {
  constructor(
    private readonly queues: BullQueues,
    private readonly holder: StoreHolder,
  ) {}

  /** One lookup per queue and one for the record, all at the same time. */
  async find(id: string): Promise<FoundExecution | undefined> {
    const { executions } = this.holder.require('look up an execution');
    if (!canBeKnown(id)) return undefined;
    const [record, ...jobs] = await Promise.all([
      executions.load(id),
      ...this.queues.all().map((queue) => readJob(queue, encodeJobId(id, queue.name))),
    ]);
    const index = jobs.findIndex((job) => job !== undefined);
    const inQueue = index < 0 ? undefined : jobs[index];
    if (inQueue) return { id, job: inQueue.name, queue: this.queues.names()[index] as string, inQueue, record };
    return record && { id, job: record.job, queue: record.queue, inQueue: undefined, record };
  }

  /** As `find`, where the queue is known that it is in: two lookups, however many queues there are. */
  async findIn(queue: string, id: string): Promise<FoundExecution | undefined> {
    const { executions } = this.holder.require('look up an execution');
    if (!canBeKnown(id)) return undefined;
    const [record, job] = await Promise.all([
      executions.load(id),
      readJob(this.queues.get(queue), encodeJobId(id, queue)),
    ]);
    if (job) return { id, job: job.name, queue, inQueue: job, record };
    return record && { id, job: record.job, queue: record.queue, inQueue: undefined, record };
  }

  /** The execution's status; undefined when nothing is known of it. */
  async status(id: string): Promise<JobStatus | undefined> {
    const found = await this.find(id);
    if (!found) return undefined;
    // A record that says it has ended stands, whatever its queue has not been told yet.
    if (found.record?.final) return found.record.final;
    return found.inQueue ? statusInQueue(await found.inQueue.getState(), found.inQueue.attemptsMade) : undefined;
  }
}

export function statusInQueue(state: string, attemptsMade: number): JobStatus | undefined {
  switch (state) {
    case 'active':
      return 'running';
    case 'completed':
    case 'failed':
      return state;
    case 'delayed':
      return attemptsMade > 0 ? 'retrying' : 'pending';
    case 'unknown':
      return undefined;
    default:
      return 'pending';
  }
}
