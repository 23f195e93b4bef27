import { QueueUnknownError } from '../../errors/unknown-name-errors.js';
import type { Canceller } from '../../jobs/cancel/canceller.js';
import type { OtherRuns } from './run-leases.js';
import { encodeJobId } from '../../store/names.js';
import type { EngineQueue } from '../../store/ports/ports.js';
import { isNotDelayed, readJob } from '../../store/read-job.js';
import type { BullQueues } from '../../queues/bull-queues.js';

/** What leases ask of executions: answered by the queues. */
export class QueuedRuns implements OtherRuns {
  constructor(
    private readonly hub: BullQueues,
    private readonly canceller: Canceller,
  ) {}

  cancel(id: string, reason: string, options?: { giveUpAfter?: number }): Promise<boolean> {
    return this.canceller.cancel(id, reason, options);
  }

  async promote(queue: string, id: string, fence?: number): Promise<'promoted' | 'busy' | 'gone'> {
    const engine = this.find(queue);
    // It looks for itself when its time is up.
    if (!engine) return 'busy';
    const job = await readJob(engine, encodeJobId(id, queue));
    if (!job) return 'gone';
    if (fence !== undefined && job.attemptsStarted !== fence) return 'busy';
    try {
      await job.promote();
      return 'promoted';
    } catch (error) {
      if (!isNotDelayed(error)) throw error;
      return (await this.isGoingOn(queue, id)) ? 'busy' : 'gone';
    }
  }

  async isGoingOn(queue: string, id: string): Promise<boolean> {
    const state = await this.find(queue)?.getJobState(encodeJobId(id, queue));
    return state !== 'completed' && state !== 'failed' && state !== 'unknown';
  }

  async dueAt(queue: string, id: string): Promise<number | undefined> {
    const engine = this.find(queue);
    const job = engine && (await readJob(engine, encodeJobId(id, queue)));
    return job && job.timestamp + (job.opts.delay ?? 0);
  }

  /** Another process may have queues that are not configured here. */
  private find(queue: string): EngineQueue | undefined {
    try {
      return this.hub.get(queue);
    } catch (error) {
      if (error instanceof QueueUnknownError) return undefined;
      throw error;
    }
  }
}
