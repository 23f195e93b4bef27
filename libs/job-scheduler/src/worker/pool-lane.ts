import { JobLockLostError } from '../errors/outcome-errors.js';
import type { Outcome } from '../execution/outcome.js';
import type { JobReports, JobRunner, RunningJob } from '../execution/running-job.js';
import { executionId, toStartedJob } from '../store/job-envelope.js';
import { type LaneJob, type LaneOptions, QueueLane, type Taken } from './queue-lane.js';
import { toError } from './store-faults.js';
import { storable, storableJson } from './texts.js';
import { WakeUps, type Wake } from './wake-ups.js';

export interface PoolLaneOptions extends Omit<LaneOptions, 'run' | 'onLockLost' | 'onStalled'> {
  readonly runner: JobRunner;
  readonly concurrency: number;
  readonly isStopping: () => boolean;
  readonly onWake: (wake: Wake) => void;
  readonly onStalled: (id: string) => void;
}

interface Run {
  readonly id: string;
  readonly running: RunningJob;
  /** Resolves when its end has been told, or nothing more can be told of it. */
  readonly ended: Promise<void>;
  readonly end: () => void;
}

/** An id that still runs here is looked at again after this many milliseconds, should nobody promote it before. */
const SET_ASIDE = 5_000;

/** One queue in the pool: its worker, what is known of its work, and the jobs of it that run here. */
export class PoolLane {
  readonly worker: QueueLane;
  readonly wakeUps: WakeUps;
  private readonly runs = new Map<string, Run>();

  constructor(private readonly options: PoolLaneOptions) {
    this.worker = new QueueLane({
      ...options,
      run: (job) => this.run(job),
      onLockLost: (jobId) => this.loseLock(jobId),
      onStalled: (jobId) => options.onStalled(executionId({ id: jobId }, this.queue)),
    });
    this.wakeUps = new WakeUps({
      clock: options.clock,
      most: options.concurrency,
      wait: (seconds) => this.worker.waitForWork(seconds),
      recover: () => this.worker.recover(),
      onWake: options.onWake,
      onError: options.onError,
    });
  }

  get queue(): string {
    return this.options.queue;
  }

  get runningCount(): number {
    return this.runs.size;
  }

  running(): RunningJob[] {
    return [...this.runs.values()].map(({ running }) => running);
  }

  find(id: string): RunningJob | undefined {
    for (const run of this.runs.values()) if (run.id === id) return run.running;
    return undefined;
  }

  /** Undefined when the store failed. Never rejects. */
  async fetch(token: string): Promise<Taken | undefined> {
    const ticket = this.wakeUps.ask();
    try {
      const taken = await this.worker.take(token);
      this.wakeUps.answered(taken, ticket);
      return taken;
    } catch (error) {
      this.wakeUps.failed(toError(error));
      return undefined;
    }
  }

  /**
   * Runs a job to its end, which is told to the store. Never rejects.
   * @param keeps see `QueueLane.process`.
   */
  async process(job: LaneJob, token: string, keeps: () => boolean): Promise<Taken | undefined> {
    let ticket = 0;
    const wantsNext = () => {
      const kept = keeps();
      if (kept) ticket = this.wakeUps.ask();
      return kept;
    };
    const taken = await this.worker.process(job, token, wantsNext);
    if (taken) this.wakeUps.answered(taken, ticket);
    const run = this.runs.get(job.id!);
    this.runs.delete(job.id!);
    run?.end();
    return taken;
  }

  /** Whether a job that was taken may start. If not, it has been put back, without using an attempt. Never rejects. */
  async admit(job: LaneJob, token: string): Promise<boolean> {
    if (this.options.isStopping()) {
      await this.worker.giveBack(job, token, { kind: 'release' });
      return false;
    }
    const old = this.runs.get(job.id!);
    if (!old) return true;
    // The old run lost its lock. BullMQ renews locks by id, so that two runs of one id would take them from each other.
    old.running.abort(new JobLockLostError(old.id));
    await this.worker.giveBack(job, token, { kind: 'snooze', delay: SET_ASIDE });
    void this.promoteAfter(old, job.id!);
    return false;
  }

  private async promoteAfter(old: Run, jobId: string): Promise<void> {
    await old.ended;
    if (this.options.isStopping()) return;
    // If it cannot be promoted it has started elsewhere, or starts when its time is up.
    await this.worker.promote(jobId).catch(() => undefined);
  }

  private async run(job: LaneJob): Promise<Outcome> {
    if (this.options.isStopping()) return { kind: 'release' };
    let running: RunningJob;
    try {
      running = this.options.runner.begin(toStartedJob(job, this.queue), this.reportsOf(job));
    } catch (error) {
      return { kind: 'failed', error: toError(error), write: undefined, beforeFinish: undefined };
    }
    let end!: () => void;
    const ended = new Promise<void>((resolve) => (end = resolve));
    this.runs.set(job.id!, { id: executionId(job, this.queue), running, ended, end });
    return running.outcome;
  }

  private loseLock(jobId: string): void {
    const run = this.runs.get(jobId);
    run?.running.abort(new JobLockLostError(run.id));
  }

  private reportsOf(job: LaneJob): JobReports {
    return {
      log: async (line) => {
        await job.log(storable(line));
      },
      progress: async (value) => {
        await job.updateProgress(typeof value === 'number' ? value : (storableJson(value) as object));
      },
    };
  }
}
