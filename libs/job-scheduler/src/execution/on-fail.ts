import type { Logger } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import { describeThrown } from '../common/describe-error.js';
import type { JobFailure } from '../definition/job-context.js';
import type { JobRef } from '../definition/job-ref.js';
import { StoreUnavailableError } from '../errors/store-errors.js';
import type { RegisteredJob } from '../discovery/registered-job.js';
import type { DeclaredJob } from '../store/ports/declared-job.js';
import { withTimeLimit } from './time-limit.js';

/** A copy of one failure for the method, and one for the job: neither sees what the other does to its own. */
export interface Failures {
  readonly forMethod: () => JobFailure;
  readonly forJob: () => JobFailure;
}

/** Enqueues an `onFail` job. `id` makes a repetition harmless. */
export type EnqueueOnFail = (job: JobRef, failure: JobFailure, id: string, declared?: DeclaredJob) => Promise<void>;

const STORE_RETRY_DELAY = 1_000;
/** The job's own finish waits meanwhile, its lock renewed; the store could not take it either. */
const STORE_TRIES = 60;

/**
 * What happens once when a job has failed for good: its `@OnJobFail` method is called, its `onFail` job is enqueued.
 * Never rejects: the job's own outcome stands whatever becomes of this.
 */
export class OnFailAction {
  constructor(
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly enqueue: EnqueueOnFail,
  ) {}

  /** @param fence of the run that failed, so that a later failure after `retry(id)` runs it again. */
  async run(registered: RegisteredJob, failures: Failures, fence: number): Promise<void> {
    const { definition, invoker } = registered;
    const { onFail: target } = definition;
    // Both are made before the method gets the error itself, and may change what it was given.
    const forJob = target === undefined ? undefined : failures.forJob();
    const call = invoker.onFail;
    if (call) {
      const failure = failures.forMethod();
      const what = `@OnJobFail of "${definition.name}"`;
      const { id } = failure;
      await this.guarded(definition.name, id, 'its @OnJobFail method', () =>
        withTimeLimit({ clock: this.clock, what, timeout: definition.timeout }, () => call(failure)),
      );
    }
    if (target !== undefined && forJob)
      await this.guarded(definition.name, forJob.id, 'its onFail job', () =>
        this.enqueueWithRetry(target, forJob, fence),
      );
  }

  /** The same for a job whose code, and that of its `onFail` job, are elsewhere. */
  runElsewhere(target: DeclaredJob, failure: JobFailure, fence: number): Promise<void> {
    const { job, id } = failure;
    return this.guarded(job, id, 'its onFail job', () =>
      this.enqueueWithRetry({ jobName: target.name }, failure, fence, target),
    );
  }

  private async enqueueWithRetry(
    target: JobRef,
    failure: JobFailure,
    fence: number,
    declared?: DeclaredJob,
  ): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.enqueue(target, failure, `${failure.id}:on-fail:${fence}`, declared);
      } catch (error) {
        if (!(error instanceof StoreUnavailableError) || tries >= STORE_TRIES) throw error;
        await this.clock.sleep(STORE_RETRY_DELAY);
      }
    }
  }

  private async guarded(job: string, id: string, what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      const { message } = describeThrown(thrown);
      this.logger.error(`Job "${job}" (${id}) failed for good, and ${what} failed too: ${message}`, { job, id });
    }
  }
}
