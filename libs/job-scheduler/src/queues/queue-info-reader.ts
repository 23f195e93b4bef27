import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import type { EngineQueue } from '../store/ports/ports.js';
import { readJob } from '../store/read-job.js';
import { StoreHolder } from '../store/store-holder.js';
import { BullQueues } from './bull-queues.js';
import type { QueueInfo } from './queue-info.js';

/** Reads queues, pauses and resumes them. */
@Injectable()
export class QueueInfoReader {
  constructor(
    private readonly queues: BullQueues,
    private readonly holder: StoreHolder,
    private readonly clock: Clock,
  ) {}

  async one(name: string): Promise<QueueInfo> {
    const queue = this.queues.get(name);
    const ended = await this.holder.require('count executions').executions.counts([name]);
    return this.describe(queue, ended[name]);
  }

  async all(): Promise<QueueInfo[]> {
    const ended = await this.holder.require('count executions').executions.counts(this.queues.names());
    return Promise.all(this.queues.all().map((queue) => this.describe(queue, ended[queue.name])));
  }

  pause(name: string): Promise<void> {
    return this.queues.get(name).pause();
  }

  resume(name: string): Promise<void> {
    return this.queues.get(name).resume();
  }

  private async describe(
    queue: EngineQueue,
    ended: { completed: number; failed: number } | undefined,
  ): Promise<QueueInfo> {
    const { name, weight, max } = this.queues.settings(queue.name);
    const [counts, paused, oldest] = await Promise.all([
      queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed', 'failed'),
      queue.isPaused(),
      this.oldest(queue),
    ]);
    const count = (state: string) => counts[state] ?? 0;
    return {
      name,
      weight,
      max,
      paused,
      counts: {
        pending: count('waiting') + count('prioritized'),
        active: count('active'),
        delayed: count('delayed'),
        completed: ended?.completed ?? 0,
        failed: ended?.failed ?? 0,
      },
      deadLetters: count('failed'),
      oldestWaitingMs: oldest === undefined ? undefined : Math.max(0, this.clock.now() - oldest),
    };
  }

  /** When the oldest pending execution was enqueued. */
  private async oldest(queue: EngineQueue): Promise<number | undefined> {
    const ids = await this.holder.require('look for what waits').queues.firstWaiting(queue);
    const jobs = await Promise.all(ids.map((id) => readJob(queue, id)));
    const times = jobs.filter((job) => job !== undefined).map((job) => job.timestamp + (job.opts.delay ?? 0));
    return times.length === 0 ? undefined : Math.min(...times);
  }
}
