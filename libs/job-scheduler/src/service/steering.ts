import type { Clock } from '../definition/clock.js';
import type { ResolvedOptions } from '../options/resolved-options.js';
import { JobCancelError } from '../errors/outcome-errors.js';
import { ExecutionNotFailedError, ExecutionUnknownError } from '../errors/unknown-name-errors.js';
import { toStartedJob } from '../store/job-envelope.js';
import { encodeJobId } from '../store/names.js';
import type { StoreHolder } from '../store/store-holder.js';
import type { Enqueued } from './enqueuer.js';
import type { EngineJob, ExecutionFinder, FoundExecution } from './execution-finder.js';
import type { QueueHub } from './queue-hub.js';

/** The runs of this process, as far as cancelling them goes. */
export interface LocalRuns {
  /** Fires the run's signal. `false` when it does not run here. */
  abort(id: string, reason: JobCancelError): boolean;
}

/** Cancels and retries executions. */
export class Steering {
  constructor(
    private readonly options: ResolvedOptions,
    private readonly hub: QueueHub,
    private readonly finder: ExecutionFinder,
    private readonly holder: StoreHolder,
    private readonly clock: Clock,
    private readonly runs: LocalRuns,
  ) {}

  /** `true` when it was taken out of its queue, or its signal was fired in this process. */
  async cancel(id: string, reason: string): Promise<boolean> {
    if (this.runs.abort(id, new JobCancelError(reason))) return true;
    const found = await this.finder.find(id);
    if (!found?.inQueue || found.record?.final) return false;
    const state = await found.inQueue.getState();
    if (state === 'active' || state === 'failed' || state === 'completed') return false;
    if (!(await this.remove(found, found.inQueue))) return false;
    await this.record(found, found.inQueue, reason);
    return true;
  }

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

  /** A worker may take it at the same moment: then it is not removed. */
  private async remove(found: FoundExecution, inQueue: EngineJob): Promise<boolean> {
    return (await this.hub.get(found.queue).remove(inQueue.id ?? encodeJobId(found.id, found.queue))) === 1;
  }

  private async record(found: FoundExecution, inQueue: EngineJob, reason: string): Promise<void> {
    if (!this.options.history) return;
    const started = toStartedJob(inQueue, found.queue);
    const { count, age } = { ...this.options.defaults.retention, ...started.overrides.retention };
    await this.holder.require('cancel an execution').executions.write([
      {
        id: found.id,
        job: found.job,
        queue: found.queue,
        fence: started.fence,
        final: 'cancelled',
        head: {
          trigger: started.trigger,
          ...(started.scheduleId !== undefined && { scheduleId: started.scheduleId }),
          ...(started.scheduledFor !== undefined && { scheduledFor: started.scheduledFor }),
          createdAt: started.createdAt,
          completedAt: this.clock.now(),
          maxAttempts: started.maxAttempts,
          payload: started.payload,
          reason,
          metadata: started.metadata,
        },
        keep: { count, age },
      },
    ]);
  }
}
