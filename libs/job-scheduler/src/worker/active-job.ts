import type { MinimalJob } from 'bullmq';
import type { Outcome } from '../execution/outcome/outcome.js';
import type { RunningJob } from '../execution/running-job.js';
import type { ExecutionWrite } from '../store/ports/execution-record.js';
import type { QueuedJob } from '../store/codecs/job-envelope.js';
import type { Teller } from './finish-job.js';
import type { FetchedJob } from './fetch-result.js';

/** How the lane tells the queue of a job's end. */
export interface LaneTelling {
  tell(job: ActiveJob, outcome: Outcome, along?: ExecutionWrite): Promise<unknown>;
  holdLock(job: ActiveJob): void;
}

/** What we read of a job. BullMQ's own class would cost a tenth of all the time that a short job takes. */
export function toQueuedJob({ id, json }: FetchedJob): QueuedJob {
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
    stacktrace: json.stacktrace,
    ...(json.repeatJobKey === undefined ? {} : { repeatJobKey: json.repeatJobKey }),
  };
}

/** What BullMQ's backends read of a job that has completed. */
export function toMinimalJob({ id, json }: FetchedJob): MinimalJob {
  return { id, name: json.name, opts: json.opts } as MinimalJob;
}

/** The fetch of the next job that goes along with the telling of an end. */
export interface NextFetch {
  /** Asked once, when the end is told: whether the same call is to bring the next job. */
  wants(): boolean;
  /** It is on its way, with each try of the telling. */
  sent(): void;
  /** That try came to nothing. */
  failed(): void;
}

/** One job that a lane has taken, until its end has been told. */
export class ActiveJob implements Teller<unknown> {
  /** Set when its code has begun. */
  running: RunningJob | undefined;
  /** Whether the telling is to bring the next job. Decided once, at the first try. */
  fetchesNext = false;
  /** Of this kind of end BullMQ's answer says nothing about the queue, unless there is a job at once. */
  isSilent = false;
  /** For how long others are to be handed it first, in milliseconds. */
  pause = 0;
  private isAsked = false;
  private isOver = false;
  private waiting: (() => void)[] | undefined;

  constructor(
    readonly taken: FetchedJob,
    readonly token: string,
    private readonly lane: LaneTelling,
    private readonly next?: NextFetch,
  ) {}

  /** BullMQ's. */
  get id(): string {
    return this.taken.id;
  }

  finish(outcome: Outcome, along?: ExecutionWrite): Promise<unknown> {
    if (!this.isAsked) {
      this.isAsked = true;
      this.fetchesNext = outcome.kind !== 'release' && this.next !== undefined && this.next.wants();
    }
    this.isSilent = outcome.kind === 'retry' || outcome.kind === 'snooze';
    if (outcome.kind === 'snooze') this.pause = outcome.pause ?? 0;
    return this.fetchesNext ? this.tellAndFetch(outcome, along) : this.lane.tell(this, outcome, along);
  }

  private async tellAndFetch(outcome: Outcome, along: ExecutionWrite | undefined): Promise<unknown> {
    this.next?.sent();
    try {
      return await this.lane.tell(this, outcome, along);
    } catch (error) {
      this.next?.failed();
      throw error;
    }
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
