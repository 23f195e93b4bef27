import {
  type AdvancedOptions,
  type IQueueBackend,
  type Job,
  type MinimalJob,
  type Span,
  SpanKind,
  type Telemetry,
  Worker,
} from 'bullmq';
import type { Clock } from '../common/clock.js';
import type { QueueEngine } from '../store/ports/ports.js';
import type { ActiveJob } from './active-jobs.js';
import type { JobCompletion } from './complete-job.js';
import { type FetchedJob, type FetchResult, readFetched } from './fetch-result.js';
import { spanAttributes, withoutTrace } from './job-trace.js';
import { toError } from './store-faults.js';
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
  /** Stands on the jobs that it fetches. */
  readonly workerId: string;
  readonly telemetry: Telemetry | undefined;
  readonly settings: AdvancedOptions | undefined;
  /** The lock of these jobs was not renewed: it may be lost, or the job may have ended meanwhile. */
  readonly onRenewalFailed: (jobIds: readonly string[]) => void;
  readonly onStalled: (jobId: string) => void;
  /** Not called after `shutDown`. */
  readonly onError: (error: Error) => void;
}

/** How often BullMQ looks for jobs of dead workers, in milliseconds: with `lockDuration` the bound for when they are fetched again. */
export const STALLED_INTERVAL = 5_000;
export const RETRY_DELAY = 1_000;
/** BullMQ would fail a job that stalls more often, behind our back. PostgreSQL's largest integer. */
const NEVER_FAIL_STALLED = 2 ** 31 - 1;

/**
 * One queue's BullMQ worker without BullMQ's main loop: the pool decides when it fetches a job.
 * All that we use of BullMQ's Worker is in this file, public and protected members only: see `bullmq-members.spec.ts`.
 */
export class BullWorker extends Worker<unknown, unknown, string, IQueueBackend, number | object, unknown> {
  /** What `completeJob` works with. */
  readonly completion: JobCompletion;
  private readonly closer = new AbortController();
  private tokensMade = 0;
  private shutting: Promise<void> | undefined;

  constructor(private readonly options: BullWorkerOptions) {
    super(
      options.queue,
      undefined,
      {
        ...options.engine.workerOptions(options.queue),
        ...(options.telemetry === undefined ? {} : { telemetry: options.telemetry }),
        ...(options.settings === undefined ? {} : { settings: options.settings }),
        name: options.workerId,
        autorun: false,
        lockDuration: options.lockDuration,
        stalledInterval: STALLED_INTERVAL,
        maxStalledCount: NEVER_FAIL_STALLED,
        runRetryDelay: RETRY_DELAY,
      },
      options.engine.backend,
    );
    const { clock, telemetry } = options;
    this.completion = { backend: this.backend, toJob: this.toJob, clock, isTraced: telemetry !== undefined };
    this.on('error', (error) => this.report(error));
    this.on('stalled', (jobId) => options.onStalled(jobId));
    this.on('lockRenewalFailed', (jobIds) => options.onRenewalFailed(jobIds));
  }

  /** After `shutDown`. */
  get isClosed(): boolean {
    return this.closer.signal.aborted;
  }

  /** Resolves when connected, or shut down. From then on locks are renewed and stalled jobs are looked for. */
  async open(): Promise<void> {
    const shutDown = new Promise<void>((resolve) => {
      this.closer.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([this.waitUntilReady(), shutDown]);
    if (this.isClosed) return;
    this.lockManager.start();
    await this.startStalledCheckTimer();
  }

  /** A token for the jobs that a slot runs one after another. It locks one job at a time. */
  makeToken(): string {
    return `${this.id}:${this.tokensMade++}`;
  }

  /** Rejects with what the store answered. */
  async fetch(token: string): Promise<FetchResult> {
    return readFetched(await this.backend.moveToActive(token, this.options.workerId));
  }

  /** BullMQ makes the next job of a schedule when it hands out this one. `false`: it could not. */
  async addNextOfSchedule({ id, json }: FetchedJob, token: string): Promise<boolean> {
    try {
      return (
        (await this.nextJobFromJobData(this.options.telemetry ? withoutTrace(json) : json, id, token)) !== undefined
      );
    } catch (error) {
      this.report(toError(error));
      return false;
    }
  }

  /** From here until `stopRenewing`: BullMQ's `processJob` stops before the job's end is stored. */
  renewLock({ fetched: { id, json }, token }: ActiveJob): void {
    this.lockManager.trackJob(id, token, json.processedOn ?? this.options.clock.now());
  }

  /** Renews it at the next occasion, too, however young it is: its job's end could not be stored. */
  renewLockSoon({ fetched, token }: ActiveJob): void {
    this.lockManager.trackJob(fetched.id, token, 1);
  }

  stopRenewing(jobId: string): void {
    this.lockManager.untrackJob(jobId);
  }

  /** `false`: the lock is lost. Of what the store does not answer nothing is known: `true`. */
  async extendLock(jobId: string, token: string): Promise<boolean> {
    try {
      return (await this.backend.extendLock(jobId, token, this.options.lockDuration)) > 0;
    } catch (error) {
      this.report(toError(error));
      return true;
    }
  }

  /** Runs `work` in the span that BullMQ's `processJob` makes: all attempts of an execution are in the trace that enqueued it. */
  traced<T>({ fetched }: ActiveJob, work: (span: Span | undefined) => Promise<T>): Promise<T> {
    const inSpan = (span: Span | undefined): Promise<T> => {
      span?.setAttributes(spanAttributes(fetched, this.id, this.options.workerId));
      return work(span);
    };
    return this.trace<T>(
      SpanKind.CONSUMER,
      'process',
      this.name,
      inSpan,
      fetched.json.opts.telemetry?.metadata,
    ) as Promise<T>;
  }

  /** Progress of a job, for those who watch its queue. */
  async updateProgress(jobId: string, value: number | object): Promise<void> {
    await this.backend.updateProgress(jobId, typeof value === 'number' ? value : (storableJson(value) as object));
  }

  async updatePayload(jobId: string, payload: unknown): Promise<void> {
    await this.backend.updateData({ id: jobId } as MinimalJob, payload);
  }

  /** A job that waits for its time may run now. */
  async promote(jobId: string): Promise<void> {
    await this.backend.promote(jobId);
  }

  /** Waits for work, at most that many seconds: undefined then. */
  async waitForWork(seconds: number): Promise<WakeUp | undefined> {
    const marker = await this.backend.waitForJob(seconds);
    return marker ? { dueAt: marker.score > this.options.clock.now() ? marker.score : 0 } : undefined;
  }

  /** Makes the connection on which `waitForWork` failed usable again. */
  async recover(): Promise<void> {
    await this.backend.reconnectBlocking();
  }

  /** Whether the queue has a job that could start now. Fetches nothing. */
  async hasWork(): Promise<boolean> {
    const counts = await this.backend.getCounts(['wait', 'prioritized', 'delayed'], this.options.clock.now() + 1);
    return counts.some((count) => count > 0);
  }

  /** Ends a wait for work. None can begin afterwards. */
  async stopWaiting(): Promise<void> {
    await this.backend.disconnectBlocking(true);
  }

  /** Waits between two tries of a finish; ends early at `shutDown`. */
  waitToRetry(): Promise<void> {
    return this.options.clock.sleep(RETRY_DELAY, this.closer.signal);
  }

  /** Closes the queue's connections: ends that are not stored yet are dropped. Safe to call twice. */
  shutDown(): Promise<void> {
    this.closer.abort();
    return (this.shutting ??= this.close(true));
  }

  report(error: Error): void {
    if (!this.isClosed) this.options.onError(error);
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
      await this.options.clock.sleep(delay, this.closer.signal);
      return undefined;
    }
  }

  private readonly toJob = ({ id, json }: FetchedJob): Job => {
    try {
      return this.createJob(json, id) as Job;
    } catch {
      // What it holds is cut off, or no JSON. Its end needs none of it.
      const { stacktrace: _, returnvalue: __, ...rest } = json;
      return this.createJob({ ...rest, data: '{}', progress: '0' } as typeof json, id) as Job;
    }
  };
}
