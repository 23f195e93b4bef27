import { ExecutionNotFailedError, ExecutionUnknownError } from '../errors/unknown-name-errors.js';
import type { StoreHolder } from '../store/store-holder.js';
import type { Enqueued } from './enqueued.js';
import type { ExecutionFinder } from './execution-finder.js';

/** Brings failed executions back into their queues. */
export class Steering {
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
}
