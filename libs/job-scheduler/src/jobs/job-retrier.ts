import { Injectable } from '@nestjs/common';
import {
  ExecutionNotDelayedError,
  ExecutionNotFailedError,
  ExecutionUnknownError,
} from '../errors/unknown-name-errors.js';
import { StoreHolder } from '../store/store-holder.js';
import type { Enqueued } from './enqueued.js';
import { ExecutionFinder } from './execution-finder.js';
import { isNotDelayed } from '../store/read-job.js';

/** Brings failed executions back into their queues, and lets those run that wait for their time. */
@Injectable()
export class JobRetrier {
  constructor(
    private readonly finder: ExecutionFinder,
    private readonly holder: StoreHolder,
  ) {}

  /** @throws ExecutionUnknownError, ExecutionNotFailedError */
  async retry(id: string): Promise<Enqueued> {
    const found = await this.finder.find(id);
    if (!found) throw new ExecutionUnknownError(id);
    const { inQueue, record } = found;
    if (!inQueue || !(await inQueue.isFailed())) {
      throw new ExecutionNotFailedError(id, (await this.finder.status(id)) ?? 'unknown');
    }
    // The record first: a run that finds a final record ends at once.
    if (record?.final) await this.holder.require('retry an execution').executions.reopen(id);
    await inQueue.retry('failed', { resetAttemptsMade: true });
    return { id, job: found.job, queue: found.queue, duplicate: false };
  }

  /** @throws ExecutionUnknownError, ExecutionNotDelayedError */
  async promote(id: string): Promise<Enqueued> {
    const found = await this.finder.find(id);
    if (!found) throw new ExecutionUnknownError(id);
    try {
      if (!found.inQueue) throw await this.notDelayed(id);
      await found.inQueue.promote();
    } catch (error) {
      throw isNotDelayed(error) ? await this.notDelayed(id) : error;
    }
    return { id, job: found.job, queue: found.queue, duplicate: false };
  }

  private async notDelayed(id: string): Promise<Error> {
    const status = await this.finder.status(id);
    return status ? new ExecutionNotDelayedError(id, status) : new ExecutionUnknownError(id);
  }
}
