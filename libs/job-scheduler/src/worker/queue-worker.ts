import { JobLockLostError } from '../errors/outcome-errors.js';
import type { Outcome } from '../execution/outcome/outcome.js';
import type { JobRunner, RunningJob } from '../execution/running-job.js';
import { executionId, toQueuedExecution } from '../store/codecs/job-envelope.js';
import { ActiveJob, toQueuedJob } from './active-job.js';
import { type FetchResult, type FetchedJob } from './fetch-result.js';
import { type BullWorkerOptions, BullWorker } from './bull-worker.js';
import { toError } from './store-faults.js';
import { QueuePoller } from './queue-poller.js';
import type { QueuePollerOptions } from './fetch-trigger.js';

export interface QueueWorkerOptions
  extends Omit<BullWorkerOptions, 'run' | 'onLockLost' | 'onStalled'>, Pick<QueuePollerOptions, 'onWake' | 'onChange'> {
  readonly runner: JobRunner;
  readonly concurrency: number;
  readonly isStopping: () => boolean;
  readonly onStalled: (id: string) => void;
}

/** An id that still runs here is looked at again after this many milliseconds, should nobody promote it before. */
const SET_ASIDE = 5_000;

/** One queue in the pool: its worker, what is known of its work, and the jobs of it that run here. */
export class QueueWorker {
  readonly worker: BullWorker;
  readonly poller: QueuePoller;

  constructor(private readonly options: QueueWorkerOptions) {
    this.worker = new BullWorker({
      ...options,
      run: (job) => this.run(job),
      onLockLost: ({ running }) => running?.abort(new JobLockLostError(running.started.id)),
      onStalled: (jobId) => options.onStalled(executionId({ id: jobId }, this.queue)),
    });
    this.poller = new QueuePoller({
      ...options,
      most: options.concurrency,
      wait: (seconds) => this.worker.waitForWork(seconds),
      recover: () => this.worker.recover(),
    });
  }

  get queue(): string {
    return this.options.queue;
  }

  running(): RunningJob[] {
    return this.worker.jobs.values().flatMap(({ running }) => running ?? []);
  }

  find(id: string): RunningJob | undefined {
    return this.running().find(({ started }) => started.id === id);
  }

  /** Undefined when the store failed. Never rejects. */
  async fetch(token: string): Promise<FetchResult | undefined> {
    const ticket = this.poller.ask();
    try {
      const taken = await this.worker.take(token);
      this.poller.answered(taken, ticket);
      return taken;
    } catch (error) {
      this.poller.failed(toError(error));
      return undefined;
    }
  }

  /**
   * Runs a job to its end, which is told to the store. Never rejects.
   * @param keeps asked when the end is told: whether the same call is to bring this queue's next job.
   * @returns what that brought; undefined when the next job was not asked for.
   */
  async process(job: FetchedJob, token: string, keeps: () => boolean): Promise<FetchResult | undefined> {
    let ticket: number | undefined;
    const activeJob = new ActiveJob(job, token, this.worker, {
      wants: keeps,
      sent: () => (ticket = this.poller.ask()),
      failed: () => {
        ticket = undefined;
        this.poller.unasked();
      },
    });
    const taken = await this.worker.process(activeJob);
    if (taken && ticket !== undefined) this.poller.answered(taken, ticket);
    if (activeJob.pause > 0 && !taken?.job) this.poller.giveWay(activeJob.pause);
    return taken;
  }

  mayStart(job: FetchedJob): boolean {
    return !this.options.isStopping() && !this.worker.jobs.has(job.id);
  }

  /** Puts back a job that was taken and may not start, without using an attempt. Never rejects. */
  async refuse(job: FetchedJob, token: string): Promise<void> {
    const old = this.worker.jobs.get(job.id);
    if (!old) return this.worker.giveBack(job, token, { kind: 'release' });
    // The old run lost its lock. BullMQ renews locks by id, so that two runs of one id would take them from each other.
    old.running?.abort(new JobLockLostError(executionId(job, this.queue)));
    await this.worker.giveBack(job, token, { kind: 'snooze', delay: SET_ASIDE });
    void this.promoteAfter(old);
  }

  private async promoteAfter(old: ActiveJob): Promise<void> {
    await old.whenOver();
    if (this.options.isStopping()) return;
    // If it cannot be promoted it has started elsewhere, or starts when its time is up.
    await this.worker.promote(old.id).catch(() => undefined);
  }

  private run(activeJob: ActiveJob): Promise<Outcome> {
    if (this.options.isStopping()) return Promise.resolve({ kind: 'release' });
    const { taken } = activeJob;
    try {
      const started = toQueuedExecution(toQueuedJob(taken), this.queue);
      activeJob.running = this.options.runner.begin(started, this.worker.reportsOf(taken));
      return activeJob.running.outcome;
    } catch (error) {
      return Promise.resolve({ kind: 'failed', error: toError(error), write: undefined, beforeFinish: undefined });
    }
  }
}
