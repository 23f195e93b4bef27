import {
  type AdvancedOptions,
  type IQueueBackend,
  type JobJson,
  type JobProgress,
  type Telemetry,
  Worker,
} from 'bullmq';
import type { Clock } from '../definition/clock.js';
import type { Outcome } from '../execution/outcome.js';
import type { QueueEngine } from '../store/ports.js';
import { JobInLane, type LaneJob, type LaneTelling, NOTHING_KNOWN, type Taken } from './job-in-lane.js';
import { LOST, settle, type Settling } from './settle.js';
import { toError } from './store-faults.js';
import { tellQueue } from './tell-queue.js';

/** Why a wait for work ended. */
export interface WakeUp {
  /** When there is work, in milliseconds since the epoch; 0: now. */
  readonly dueAt: number;
}

export interface LaneOptions {
  readonly queue: string;
  readonly engine: QueueEngine;
  readonly clock: Clock;
  /** Milliseconds. */
  readonly lockDuration: number;
  /** Stands on the jobs that it takes. */
  readonly workerId: string;
  readonly telemetry: Telemetry | undefined;
  readonly settings: AdvancedOptions | undefined;
  readonly settling: Pick<Settling, 'executions' | 'records' | 'inBackground'>;
  /** Runs a job's code. Never rejects. */
  readonly run: (job: JobInLane) => Promise<Outcome>;
  readonly onLockLost: (job: JobInLane) => void;
  readonly onStalled: (jobId: string) => void;
  readonly onError: (error: Error) => void;
}

/** Together with `lockDuration` it bounds how late a dead worker's job is taken up. */
const STALLED_INTERVAL = 5_000;
const RETRY_DELAY = 1_000;
/** BullMQ would fail a job that stalls more often, behind our back. PostgreSQL's largest integer. */
const NEVER_FAIL_STALLED = 2 ** 31 - 1;

/**
 * One queue's BullMQ worker without BullMQ's main loop: the pool decides when it asks for a job.
 * All that we use of BullMQ's Worker is in this file, public and protected members only; the test of this file lists them.
 */
export class QueueLane
  extends Worker<unknown, unknown, string, IQueueBackend, JobProgress, unknown>
  implements LaneTelling
{
  /** Jobs that this lane has, by BullMQ's id. */
  readonly jobs = new Map<string, JobInLane>();
  private readonly settling: Settling;
  private readonly closer = new AbortController();
  private tokensMade = 0;
  private shutting: Promise<void> | undefined;

  constructor(private readonly lane: LaneOptions) {
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
  async take(token: string): Promise<Taken> {
    return this.read(await this.backend.moveToActive(token, this.lane.workerId), token, false);
  }

  /** Runs a job and tells the store how it ended. Never rejects. */
  async process(job: JobInLane): Promise<void> {
    this.jobs.set(job.id, job);
    try {
      await this.processJob(job.job, job.token);
    } catch (error) {
      this.report(toError(error));
    }
    this.jobs.delete(job.id);
    job.over();
  }

  /** Puts a job that was taken, but must not run now, back without using an attempt. Never rejects. */
  async giveBack(job: LaneJob, token: string, how: Outcome & { kind: 'snooze' | 'release' }): Promise<void> {
    await settle(how, this.settling, new JobInLane(job, token, this));
    this.lockManager.untrackJob(job.id!);
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

  protected override callProcessJob({ id }: LaneJob): Promise<Outcome> {
    return this.lane.run(this.jobs.get(id!)!);
  }

  /** `result` is an outcome, of whichever kind. */
  protected override handleCompleted(result: unknown, job: LaneJob): Promise<LaneJob> {
    return this.end(job, result as Outcome);
  }

  /** A job that BullMQ itself fails before it runs: its children failed. */
  protected override handleFailed(error: Error, job: LaneJob): Promise<LaneJob> {
    return this.end(job, { kind: 'failed', error, write: undefined, beforeFinish: undefined });
  }

  /** @returns no job, contrary to its type: what the telling brought is for the caller of `process`. */
  private async end({ id }: LaneJob, outcome: Outcome): Promise<LaneJob> {
    const job = this.jobs.get(id!)!;
    const answer = await settle(outcome, this.settling, job);
    if (job.fetchesNext && answer !== LOST) job.taken = await this.read(answer, job.token, job.isSilent);
    return undefined as unknown as LaneJob;
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

  tell(job: JobInLane, outcome: Outcome): Promise<unknown> {
    return tellQueue(this.backend, job, outcome, this.lane.clock.now(), this.lane.telemetry !== undefined);
  }

  holdLock(job: JobInLane): void {
    this.lockManager.trackJob(job.id, job.token, 1);
  }

  /**
   * BullMQ's answer: `[job or null, its id, rate limit in ms, next due time]`, or nothing for an empty queue.
   * @param isSilent the answer says nothing about the queue if there is no job in it.
   */
  private read(answer: unknown, token: string, isSilent: boolean): Taken | Promise<Taken> {
    const [data, id, limitedFor, dueAt] = (answer ?? []) as [JobJson?, string?, number?, number?];
    if (data) {
      if (data.repeatJobKey) return this.readScheduled(data, id!, token);
      const job = this.createJob(data, id!);
      job.token = token;
      return { job, limitedFor: 0, dueAt: 0, isEmpty: false };
    }
    if (isSilent) return NOTHING_KNOWN;
    return { job: undefined, limitedFor: Math.max(0, limitedFor ?? 0), dueAt: Math.max(0, dueAt ?? 0), isEmpty: true };
  }

  /** BullMQ makes the next job of a schedule when it hands out this one. */
  private async readScheduled(data: JobJson, id: string, token: string): Promise<Taken> {
    const job: LaneJob | undefined = await this.nextJobFromJobData(data, id, token);
    if (job) return { job, limitedFor: 0, dueAt: 0, isEmpty: false };
    // It could not, and would leave this one taken and not run.
    await this.giveBack(this.createJob(data, id), token, { kind: 'snooze', delay: RETRY_DELAY });
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
