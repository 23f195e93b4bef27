import {
  type AdvancedOptions,
  type IQueueBackend,
  type Job,
  type MinimalJob,
  SpanKind,
  type Telemetry,
  Worker,
} from 'bullmq';
import type { Clock } from '../common/clock.js';
import type { Outcome } from '../execution/outcome/outcome.js';
import type { JobReports } from '../execution/running-job.js';
import { describeOutcome } from '../execution/tracing.js';
import type { ExecutionWrite } from '../store/ports/execution-record.js';
import type { QueueEngine } from '../store/ports/ports.js';
import { spanAttributes, withoutTrace } from './job-trace.js';
import { ActiveJob, type LaneTelling } from './active-job.js';
import { ActiveJobs } from './active-jobs.js';
import { LOST, finishActiveJob } from './finish-job.js';
import type { Settling } from './finish-parts.js';
import { toError } from './store-faults.js';
import { NOTHING_KNOWN, readFetched, type FetchResult, type FetchedJob } from './fetch-result.js';
import { completeJob } from './complete-job.js';
import { storableJson } from './texts.js';

/** Why a wait for work ended. */
export interface WakeUp {
  /** When there is work, in milliseconds since the epoch; 0: now. */
  readonly dueAt: number;
}

export interface BullWorkerOptions {
  readonly queue: string;
  readonly engine: QueueEngine;
  readonly clock: Clock;
  /** Milliseconds. */
  readonly lockDuration: number;
  /** Stands on the jobs that it takes. */
  readonly workerId: string;
  readonly telemetry: Telemetry | undefined;
  readonly settings: AdvancedOptions | undefined;
  readonly settling: Pick<Settling, 'executions' | 'records' | 'hasCompany' | 'inBackground'>;
  /** Runs a job's code. Never rejects. */
  readonly run: (job: ActiveJob) => Promise<Outcome>;
  readonly onLockLost: (job: ActiveJob) => void;
  readonly onStalled: (jobId: string) => void;
  readonly onError: (error: Error) => void;
}

/** How often BullMQ looks for jobs of dead workers, in milliseconds: with `lockDuration` the bound for when they are taken up. */
export const STALLED_INTERVAL = 5_000;
const RETRY_DELAY = 1_000;
/** BullMQ would fail a job that stalls more often, behind our back. PostgreSQL's largest integer. */
const NEVER_FAIL_STALLED = 2 ** 31 - 1;

/**
 * One queue's BullMQ worker without BullMQ's main loop: the pool decides when it asks for a job.
 * All that we use of BullMQ's Worker is in this file, public and protected members only: see `bullmq-members.spec.ts`.
 */
export class BullWorker
  extends Worker<unknown, unknown, string, IQueueBackend, number | object, unknown>
  implements LaneTelling
{
  /** Jobs that this lane has, by BullMQ's id. */
  readonly jobs = new ActiveJobs();
  private readonly settling: Settling;
  private readonly closer = new AbortController();
  private tokensMade = 0;
  private shutting: Promise<void> | undefined;

  constructor(private readonly lane: BullWorkerOptions) {
    super(
      lane.queue,
      undefined,
      {
        ...lane.engine.workerOptions(lane.queue),
        ...(lane.telemetry === undefined ? {} : { telemetry: lane.telemetry }),
        ...(lane.settings === undefined ? {} : { settings: lane.settings }),
        name: lane.workerId,
        autorun: false,
        lockDuration: lane.lockDuration,
        stalledInterval: STALLED_INTERVAL,
        maxStalledCount: NEVER_FAIL_STALLED,
        runRetryDelay: RETRY_DELAY,
      },
      lane.engine.backend,
    );
    this.settling = {
      ...lane.settling,
      pause: () => lane.clock.sleep(RETRY_DELAY, this.closer.signal),
      isClosed: () => this.closer.signal.aborted,
      onError: (error) => this.report(error),
    };
    this.on('error', (error) => this.report(error));
    this.on('stalled', (jobId) => lane.onStalled(jobId));
    this.on('lockRenewalFailed', (jobIds) => {
      for (const jobId of jobIds) void this.checkLock(jobId);
    });
  }

  /** Resolves when connected, or shut down. From then on locks are renewed and stalled jobs are looked for. */
  async open(): Promise<void> {
    const shutDown = new Promise<void>((resolve) => {
      this.closer.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([this.waitUntilReady(), shutDown]);
    if (this.closer.signal.aborted) return;
    this.lockManager.start();
    await this.startStalledCheckTimer();
  }

  /** A token for a slot's run of jobs. It locks one job at a time. */
  makeToken(): string {
    return `${this.id}:${this.tokensMade++}`;
  }

  /** Takes the next job off the queue. Rejects with what the store answered. */
  async take(token: string): Promise<FetchResult> {
    return this.complete(readFetched(await this.backend.moveToActive(token, this.lane.workerId)), token);
  }

  /**
   * Runs a job and tells the store how it ended. Never rejects.
   * @returns what the telling brought; undefined when the next job was not asked for.
   */
  async process(job: ActiveJob): Promise<FetchResult | undefined> {
    const { id, token, taken } = job;
    this.jobs.add(job);
    // From here to the end of the telling: BullMQ's `processJob` stops renewing the lock before, and makes a store error the job's.
    this.lockManager.trackJob(id, token, taken.json.processedOn ?? this.lane.clock.now());
    const answer = this.lane.telemetry
      ? await this.processTraced(job)
      : await finishActiveJob(await this.outcomeOf(job), this.settling, job);
    const next = job.fetchesNext ? await this.nextOf(answer, job) : undefined;
    this.lockManager.untrackJob(id);
    this.jobs.delete(id);
    job.over();
    return next;
  }

  /** Puts a job that was taken, but must not run now, back without using an attempt. Never rejects. */
  async giveBack(taken: FetchedJob, token: string, how: Outcome & { kind: 'snooze' | 'release' }): Promise<void> {
    await finishActiveJob(how, this.settling, new ActiveJob(taken, token, this));
    this.lockManager.untrackJob(taken.id);
  }

  /** Progress of a job, for whoever watches its queue. */
  reportsOf({ id }: FetchedJob): JobReports {
    return {
      progress: async (value) => {
        await this.backend.updateProgress(id, typeof value === 'number' ? value : (storableJson(value) as object));
      },
      keep: async (payload) => {
        await this.backend.updateData({ id } as MinimalJob, payload);
      },
    };
  }

  /** A job that waits for its time, or was given back, may run now. */
  async promote(jobId: string): Promise<void> {
    await this.backend.promote(jobId);
  }

  /** Waits for work, at most that many seconds: undefined then. */
  async waitForWork(seconds: number): Promise<WakeUp | undefined> {
    const marker = await this.backend.waitForJob(seconds);
    return marker ? { dueAt: marker.score > this.lane.clock.now() ? marker.score : 0 } : undefined;
  }

  /** Makes the connection on which `waitForWork` failed usable again. */
  async recover(): Promise<void> {
    await this.backend.reconnectBlocking();
  }

  /** Whether the queue has a job that could start now. Takes nothing. */
  async hasWork(): Promise<boolean> {
    const counts = await this.backend.getCounts(['wait', 'prioritized', 'delayed'], this.lane.clock.now() + 1);
    return counts.some((count) => count > 0);
  }

  /** Ends a wait for work. None can begin afterwards. */
  async stopWaiting(): Promise<void> {
    await this.backend.disconnectBlocking(true);
  }

  /** Gives up what is still to be told, and closes the lane's connections. Safe to call twice. */
  shutDown(): Promise<void> {
    this.closer.abort();
    return (this.shutting ??= this.close(true));
  }

  /** BullMQ's own would wait for five seconds after an error, and keep a process up that stops meanwhile. */
  protected override async checkConnectionError<T>(
    work: () => Promise<T>,
    delay = RETRY_DELAY,
  ): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.report(toError(error));
      await this.lane.clock.sleep(delay, this.closer.signal);
      return undefined;
    }
  }

  tell(job: ActiveJob, outcome: Outcome, along?: ExecutionWrite): Promise<unknown> {
    if (along) this.lane.settling.executions.finishWithRecord?.(this.lane.queue, job.id, along);
    const { clock, telemetry } = this.lane;
    const { backend, bullJob } = this;
    return completeJob({ backend, bullJob, now: clock.now(), isTraced: telemetry !== undefined }, job, outcome);
  }

  holdLock({ id, token }: ActiveJob): void {
    this.lockManager.trackJob(id, token, 1);
  }

  private readonly bullJob = ({ taken: { id, json } }: ActiveJob): Job => {
    try {
      return this.createJob(json, id) as Job;
    } catch {
      // What it holds is cut off, or no JSON. Its end needs none of it.
      const { stacktrace: _, returnvalue: __, ...rest } = json;
      return this.createJob({ ...rest, data: '{}', progress: '0' } as typeof json, id) as Job;
    }
  };

  private outcomeOf(job: ActiveJob): Promise<Outcome> {
    const { json } = job.taken;
    // Children of the job failed: BullMQ fails it instead of running it.
    if (json.deferredFailure) return Promise.resolve(failedBy(new Error(json.deferredFailure)));
    return this.lane.run(job);
  }

  /** With the span that BullMQ's `processJob` makes: all attempts of an execution are in the trace that enqueued it. */
  private processTraced(job: ActiveJob): Promise<unknown> {
    const { metadata } = job.taken.json.opts.telemetry ?? {};
    return this.trace<unknown>(
      SpanKind.CONSUMER,
      'process',
      this.name,
      async (span) => {
        span?.setAttributes(spanAttributes(job.taken, this.id, this.lane.workerId));
        const outcome = await this.outcomeOf(job);
        if (span) describeOutcome(span, outcome);
        return finishActiveJob(outcome, this.settling, job);
      },
      metadata,
    );
  }

  private nextOf(answer: unknown, { token, isSilent }: ActiveJob): FetchResult | Promise<FetchResult> {
    if (answer === LOST) return NOTHING_KNOWN;
    const taken = readFetched(answer);
    return isSilent && !taken.job ? NOTHING_KNOWN : this.complete(taken, token);
  }

  private complete(taken: FetchResult, token: string): FetchResult | Promise<FetchResult> {
    return taken.job?.json.repeatJobKey ? this.goOn(taken, taken.job, token) : taken;
  }

  /** BullMQ makes the next job of a schedule when it hands out this one. */
  private async goOn(taken: FetchResult, job: FetchedJob, token: string): Promise<FetchResult> {
    try {
      const json = this.lane.telemetry ? withoutTrace(job.json) : job.json;
      if (await this.nextJobFromJobData(json, job.id, token)) return taken;
    } catch (error) {
      this.report(toError(error));
    }
    // It could not, and would leave this one taken and not run.
    await this.giveBack(job, token, { kind: 'snooze', delay: RETRY_DELAY });
    return NOTHING_KNOWN;
  }

  /** A renewal also fails for a job that ended meanwhile, or that ended and started again. */
  private async checkLock(jobId: string): Promise<void> {
    const job = this.jobs.get(jobId);
    if (!job) return;
    try {
      if ((await this.backend.extendLock(jobId, job.token, this.lane.lockDuration)) > 0) return;
    } catch (error) {
      this.report(toError(error));
      return;
    }
    if (this.jobs.get(jobId) !== job) return;
    this.lockManager.untrackJob(jobId);
    this.lane.onLockLost(job);
  }

  private report(error: Error): void {
    if (!this.closer.signal.aborted) this.lane.onError(error);
  }
}

function failedBy(error: Error): Outcome {
  return { kind: 'failed', error, write: undefined, beforeFinish: undefined };
}
