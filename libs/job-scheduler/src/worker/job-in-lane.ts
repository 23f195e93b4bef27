import type { MinimalJob } from 'bullmq';
import type { Outcome } from '../execution/outcome.js';
import type { RunningJob } from '../execution/running-job.js';
import type { ExecutionWrite } from '../store/execution-record.js';
import type { QueuedJob } from '../store/job-envelope.js';
import type { Teller } from './settle.js';
import type { TakenJob } from './taken.js';

/** How the lane tells the queue of a job's end. */
export interface LaneTelling {
  tell(job: JobInLane, outcome: Outcome, along?: ExecutionWrite): Promise<unknown>;
  holdLock(job: JobInLane): void;
}

/** What we read of a job. BullMQ's own class would cost a tenth of all the time that a short job takes. */
export function toQueuedJob({ id, json }: TakenJob): QueuedJob {
  return {
    id,
    name: json.name,
    data: JSON.parse(json.data) as unknown,
    dataJson: json.data,
    opts: json.opts,
    timestamp: json.timestamp,
    attemptsMade: json.attemptsMade,
    attemptsStarted: json.attemptsStarted,
    stalledCounter: json.stalledCounter,
    ...(json.repeatJobKey === undefined ? {} : { repeatJobKey: json.repeatJobKey }),
  };
}

/** What BullMQ's backends read of a job that has completed. */
export function toMinimalJob({ id, json }: TakenJob): MinimalJob {
  return { id, name: json.name, opts: json.opts } as MinimalJob;
}

/** One job that a lane has taken, until its end has been told. */
export class JobInLane implements Teller<unknown> {
  /** Set when its code has begun. */
  running: RunningJob | undefined;
  /** Whether the telling is to bring the next job. Decided once, at the first try. */
  fetchesNext = false;
  /** Of this kind of end BullMQ's answer says nothing about the queue, unless there is a job at once. */
  isSilent = false;
  private isAsked = false;
  private isOver = false;
  private waiting: (() => void)[] | undefined;

  /** @param wantsNext asked once, when the end is told: whether the same call is to bring the next job. */
  constructor(
    readonly taken: TakenJob,
    readonly token: string,
    private readonly lane: LaneTelling,
    private readonly wantsNext?: () => boolean,
  ) {}

  /** BullMQ's. */
  get id(): string {
    return this.taken.id;
  }

  tell(outcome: Outcome, along?: ExecutionWrite): Promise<unknown> {
    if (!this.isAsked) {
      this.isAsked = true;
      this.fetchesNext = outcome.kind !== 'release' && this.wantsNext !== undefined && this.wantsNext();
    }
    this.isSilent = outcome.kind === 'retry' || outcome.kind === 'snooze';
    return this.lane.tell(this, outcome, along);
  }

  holdLock(): void {
    this.lane.holdLock(this);
  }

  /** Its end has been told, or nothing more can be told of it. */
  over(): void {
    this.isOver = true;
    for (const resolve of this.waiting ?? []) resolve();
  }

  whenOver(): Promise<void> {
    if (this.isOver) return Promise.resolve();
    return new Promise((resolve) => (this.waiting ??= []).push(resolve));
  }
}
