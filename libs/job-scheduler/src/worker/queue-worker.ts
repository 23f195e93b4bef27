import type { Span } from 'bullmq';
import { JobLockLostError } from '../errors/outcome-errors.js';
import type { Outcome } from '../execution/outcome/outcome.js';
import type { JobReports, JobRunner, RunningJob } from '../execution/running-job.js';
import { describeOutcome } from '../execution/tracing.js';
import { executionId, toQueuedExecution } from '../store/codecs/job-envelope.js';
import { type ActiveJob, ActiveJobs, toActiveJob } from './active-jobs.js';
import { BullWorker, type BullWorkerOptions, RETRY_DELAY } from './bull-worker.js';
import { type FetchedJob, type FetchResult, NOTHING_KNOWN, toQueuedJob } from './fetch-result.js';
import type { FetchTrigger, QueuePollerOptions } from './fetch-trigger.js';
import { finishJob, type FinishServices } from './finish-job.js';
import { QueuePoller } from './queue-poller.js';
import { toError } from './store-faults.js';

export interface QueueWorkerOptions
  extends
    Omit<BullWorkerOptions, 'onRenewalFailed' | 'onStalled'>,
    Pick<QueuePollerOptions, 'onWake' | 'onChange'>,
    Pick<FinishServices, 'executions' | 'records' | 'hasOthers' | 'inBackground'> {
  readonly runner: JobRunner;
  readonly concurrency: number;
  readonly isStopping: () => boolean;
  readonly onStalled: (id: string) => void;
}

/** A job whose id still runs here is looked at again after this many milliseconds, should it not be promoted before. */
const SET_ASIDE = 5_000;

/** One queue in the pool: its worker, what is known of its work, and the jobs of it that run here. */
export class QueueWorker {
  readonly bull: BullWorker;
  readonly poller: QueuePoller;
  readonly jobs = new ActiveJobs();
  private readonly services: FinishServices;

  constructor(private readonly options: QueueWorkerOptions) {
    this.bull = new BullWorker({
      ...options,
      onRenewalFailed: (jobIds) => {
        for (const jobId of jobIds) void this.checkLock(jobId);
      },
      onStalled: (jobId) => options.onStalled(executionId({ id: jobId }, this.queue)),
    });
    this.poller = new QueuePoller({
      ...options,
      most: options.concurrency,
      wait: (seconds) => this.bull.waitForWork(seconds),
      recover: () => this.bull.recover(),
    });
    const { queue, executions, records, hasOthers, inBackground } = options;
    this.services = { queue, executions, records, hasOthers, inBackground, bull: this.bull, poller: this.poller };
  }

  get queue(): string {
    return this.options.queue;
  }

  running(): RunningJob[] {
    return this.jobs.values().flatMap(({ running }) => running ?? []);
  }

  /** Undefined when the store failed. Never rejects. */
  async fetch(token: string): Promise<FetchResult | undefined> {
    const ticket = this.poller.ask();
    try {
      const fetched = await this.bull.fetch(token);
      const result = fetched.job?.json.repeatJobKey ? await this.withNextOfSchedule(fetched, token) : fetched;
      this.poller.answered(result, ticket);
      return result;
    } catch (error) {
      this.poller.failed(toError(error));
      return undefined;
    }
  }

  mayStart({ id }: FetchedJob): boolean {
    return !this.options.isStopping() && !this.jobs.has(id);
  }

  /**
   * Runs a job, and stores its end. Never rejects.
   * @param keepSlot see `finishJob`.
   * @returns the answer to the fetch that was made with the finish; undefined when there was none.
   */
  async process(fetched: FetchedJob, token: string, keepSlot: () => boolean): Promise<FetchResult | undefined> {
    const job = toActiveJob(fetched, token);
    this.jobs.add(job);
    this.bull.renewLock(job);
    let next = this.options.telemetry
      ? await this.bull.traced(job, (span) => this.runAndFinish(job, keepSlot, span))
      : await this.runAndFinish(job, keepSlot);
    if (next?.job?.json.repeatJobKey) next = await this.withNextOfSchedule(next, token);
    this.bull.stopRenewing(fetched.id);
    this.jobs.delete(job);
    if (next && job.fetchTicket !== undefined) this.poller.answered(next, job.fetchTicket);
    if (job.pause > 0 && !next?.job) this.poller.giveWay(job.pause);
    return next;
  }

  /** Puts a fetched job that may not start back, without using an attempt. Never rejects. */
  async requeue(fetched: FetchedJob, token: string): Promise<void> {
    const old = this.jobs.get(fetched.id);
    if (!old) return this.putBack(fetched, token, { kind: 'requeue' });
    // The old run lost its lock. BullMQ renews locks by id, so that two runs of one id would take them from each other.
    old.running?.abort(new JobLockLostError(executionId(fetched, this.queue)));
    await this.putBack(fetched, token, { kind: 'snooze', delay: SET_ASIDE });
    if (this.jobs.get(fetched.id) === old) old.whenOver = () => void this.promote(fetched.id);
    else void this.promote(fetched.id);
  }

  /** There is no slot here for what a marker stands for: another process may have one. Never rejects. */
  async passMarkerOn(wake: FetchTrigger): Promise<void> {
    try {
      const { ticket } = this.poller;
      // The marker of a job that was fetched meanwhile would go round among full processes for ever.
      if (wake === 'marker' && !(await this.bull.hasWork())) return this.poller.sawNothing(ticket);
      await this.options.engine.passMarkerOn(this.queue, 0);
    } catch (error) {
      this.options.onError(toError(error));
    }
  }

  /** A wait that was cut off may have taken a marker with it. Never rejects. */
  async passLastMarkerOn(): Promise<void> {
    try {
      await this.options.engine.passMarkerOn(this.queue, 0);
      // The first may still have gone to our own connection, whose end the store had not seen.
      await this.options.engine.passMarkerOn(this.queue, 0);
    } catch (error) {
      this.options.onError(toError(error));
    }
  }

  private async runAndFinish(job: ActiveJob, keepSlot: () => boolean, span?: Span): Promise<FetchResult | undefined> {
    const outcome = await this.run(job);
    if (span) describeOutcome(span, outcome);
    if (outcome.kind === 'snooze') job.pause = outcome.pause ?? 0;
    return await finishJob(job, outcome, this.services, keepSlot);
  }

  private run(job: ActiveJob): Promise<Outcome> {
    const { fetched } = job;
    // Children of the job failed: BullMQ fails it instead of running it.
    if (fetched.json.deferredFailure) return Promise.resolve(failedBy(new Error(fetched.json.deferredFailure)));
    if (this.options.isStopping()) return Promise.resolve({ kind: 'requeue' });
    try {
      const started = toQueuedExecution(toQueuedJob(fetched), this.queue);
      job.running = this.options.runner.begin(started, this.reportsOf(fetched.id));
      return job.running.outcome;
    } catch (error) {
      return Promise.resolve(failedBy(toError(error)));
    }
  }

  private reportsOf(jobId: string): JobReports {
    return {
      progress: (value) => this.bull.updateProgress(jobId, value),
      keep: (payload) => this.bull.updatePayload(jobId, payload),
    };
  }

  private async withNextOfSchedule(fetched: FetchResult, token: string): Promise<FetchResult> {
    const job = fetched.job!;
    if (await this.bull.addNextOfSchedule(job, token)) return fetched;
    // Without its next job the schedule would end.
    await this.putBack(job, token, { kind: 'snooze', delay: RETRY_DELAY });
    return NOTHING_KNOWN;
  }

  private async putBack(fetched: FetchedJob, token: string, outcome: Outcome): Promise<void> {
    await finishJob(toActiveJob(fetched, token), outcome, this.services);
    this.bull.stopRenewing(fetched.id);
  }

  /** If it cannot be promoted it has started elsewhere, or starts when its time is up. */
  private async promote(jobId: string): Promise<void> {
    if (!this.options.isStopping()) await this.bull.promote(jobId).catch(() => undefined);
  }

  /** A renewal also fails for a job that ended meanwhile, or that ended and started again. */
  private async checkLock(jobId: string): Promise<void> {
    const job = this.jobs.get(jobId);
    if (!job || (await this.bull.extendLock(jobId, job.token)) || this.jobs.get(jobId) !== job) return;
    this.bull.stopRenewing(jobId);
    job.running?.abort(new JobLockLostError(job.running.started.id));
  }
}

function failedBy(error: Error): Outcome {
  return { kind: 'failed', error, write: undefined };
}
