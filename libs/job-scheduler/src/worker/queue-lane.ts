import {
  type AdvancedOptions,
  type IQueueBackend,
  type Job,
  type JobJson,
  type JobProgress,
  type Telemetry,
  Worker,
} from 'bullmq';
import type { Clock } from '../definition/clock.js';
import type { Outcome } from '../execution/outcome.js';
import type { QueueEngine } from '../store/ports.js';
import { settle, type SettleContext } from './settle.js';
import { toError } from './store-faults.js';
import { tellQueue } from './tell-queue.js';

/** A job that was taken off its queue, as BullMQ has it. */
export type LaneJob = Job<unknown, unknown>;

/** What asking a queue for a job gave. */
export interface Taken {
  readonly job: LaneJob | undefined;
  /** Without a job: for how many milliseconds the queue's rate limit keeps jobs back; 0: it does not. */
  readonly limitedFor: number;
  /** Without a job: when the next delayed one is due, in milliseconds since the epoch; 0: there is none. */
  readonly dueAt: number;
  /** Without a job: false when the queue said nothing about itself, so that it may have work all the same. */
  readonly isEmpty: boolean;
}

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
  readonly settling: Pick<SettleContext<unknown>, 'executions' | 'ordered' | 'records' | 'inBackground'>;
  /** Runs a job's code. Never rejects. */
  readonly run: (job: LaneJob) => Promise<Outcome>;
  readonly onLockLost: (jobId: string) => void;
  readonly onStalled: (jobId: string) => void;
  readonly onError: (error: Error) => void;
}

/** Together with `lockDuration` it bounds how late a dead worker's job is taken up. */
const STALLED_INTERVAL = 5_000;
const RETRY_DELAY = 1_000;
/** BullMQ would fail a job that stalls more often, behind our back. PostgreSQL's largest integer. */
const NEVER_FAIL_STALLED = 2 ** 31 - 1;

const NOTHING_KNOWN: Taken = { job: undefined, limitedFor: 0, dueAt: 0, isEmpty: false };

/** A job whose end is being told, and what the telling brought along. */
interface Ending {
  /** Undefined while the next job was not asked for. */
  taken: Taken | undefined;
}

/**
 * One queue's BullMQ worker without BullMQ's main loop: the pool decides when it asks for a job.
 * All that we use of BullMQ's Worker is in this file, public and protected members only; the test of this file lists them.
 */
export class QueueLane extends Worker<unknown, unknown, string, IQueueBackend, JobProgress, unknown> {
  private readonly tokens = new Map<string, string>();
  private readonly endings = new WeakMap<LaneJob, Ending>();
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
    return this.read(await this.backend.moveToActive(token, this.lane.workerId), token);
  }

  /**
   * Runs a job and tells the store how it ended. Never rejects.
   * @param wantsNext asked when the end is told: whether the same call is to bring the next job.
   * @returns what that brought; undefined when the next job was not asked for.
   */
  async process(job: LaneJob, token: string, wantsNext: () => boolean): Promise<Taken | undefined> {
    const ending: Ending = { taken: undefined };
    this.endings.set(job, ending);
    this.tokens.set(job.id!, token);
    try {
      await this.processJob(job, token, wantsNext);
    } catch (error) {
      this.report(toError(error));
    } finally {
      this.tokens.delete(job.id!);
    }
    return ending.taken;
  }

  /** Puts a job that was taken, but must not run now, back without using an attempt. Never rejects. */
  async giveBack(job: LaneJob, token: string, how: Outcome & { kind: 'snooze' | 'release' }): Promise<void> {
    await this.settle(job, token, how, () => false);
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

  protected override callProcessJob(job: LaneJob): Promise<Outcome> {
    return this.lane.run(job);
  }

  /** `result` is an outcome, of whichever kind. */
  protected override async handleCompleted(
    result: unknown,
    job: LaneJob,
    token: string,
    wantsNext: () => boolean = () => false,
  ): Promise<LaneJob> {
    await this.settle(job, token, result as Outcome, wantsNext);
    return undefined as unknown as LaneJob;
  }

  /** A job that BullMQ itself fails before it runs: its children failed. */
  protected override async handleFailed(
    error: Error,
    job: LaneJob,
    token: string,
    wantsNext: () => boolean = () => false,
  ): Promise<LaneJob> {
    await this.settle(job, token, { kind: 'failed', error, write: undefined, beforeFinish: undefined }, wantsNext);
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

  private async settle(job: LaneJob, token: string, outcome: Outcome, wantsNext: () => boolean): Promise<void> {
    const { clock, settling } = this.lane;
    let fetchNext: boolean | undefined;
    let told = outcome;
    const ending = this.endings.get(job);
    const answer = await settle<{ data: unknown }>(outcome, {
      ...settling,
      tell: async (said) => {
        told = said;
        fetchNext ??= said.kind !== 'release' && wantsNext();
        if (fetchNext && ending) ending.taken = NOTHING_KNOWN;
        return { data: await tellQueue(this.backend, job, token, said, fetchNext, clock.now()) };
      },
      holdLock: () => this.lockManager.trackJob(job.id!, token, 1),
      pause: () => clock.sleep(RETRY_DELAY, this.closer.signal),
      isClosed: () => this.closer.signal.aborted,
      onError: (error) => this.report(error),
    });
    if (!answer || !fetchNext || !ending) return;
    const taken = await this.read(answer.data, token);
    // After a delay BullMQ says nothing of the queue unless it has a job at once.
    const isSilent = told.kind === 'retry' || told.kind === 'snooze';
    ending.taken = taken.job || !isSilent ? taken : NOTHING_KNOWN;
  }

  /** BullMQ's answer: `[job or null, its id, rate limit in ms, next due time]`, or nothing for an empty queue. */
  private async read(answer: unknown, token: string): Promise<Taken> {
    const [data, id, limitedFor, dueAt] = (answer ?? []) as [JobJson?, string?, number?, number?];
    if (!data) {
      await this.nextJobFromJobData(undefined, undefined, token);
      return {
        job: undefined,
        limitedFor: Math.max(0, limitedFor ?? 0),
        dueAt: Math.max(0, dueAt ?? 0),
        isEmpty: true,
      };
    }
    const job = await this.nextJobFromJobData(data, id, token);
    if (job) return { job, limitedFor: 0, dueAt: 0, isEmpty: false };
    // BullMQ could not make the next job of its schedule, and would leave this one taken and not run.
    await this.giveBack(this.createJob(data, id!), token, { kind: 'snooze', delay: RETRY_DELAY });
    return NOTHING_KNOWN;
  }

  /** A renewal also fails for a job that ended meanwhile, or that ended and started again. */
  private async checkLock(jobId: string): Promise<void> {
    const token = this.tokens.get(jobId);
    if (token === undefined) return;
    try {
      if ((await this.backend.extendLock(jobId, token, this.lane.lockDuration)) > 0) return;
    } catch (error) {
      this.report(toError(error));
      return;
    }
    if (this.tokens.get(jobId) !== token) return;
    this.lockManager.untrackJob(jobId);
    this.lane.onLockLost(jobId);
  }

  private report(error: Error): void {
    if (!this.closer.signal.aborted) this.lane.onError(error);
  }
}
