import { Injectable } from '@nestjs/common';
import type { JobsOptions, RepeatStrategy } from 'bullmq';
import { OwnLogger } from '../common/own-logger.js';
import { createRepeatStrategy, type StoredRepeat } from '../cron/schedule-pattern.js';
import { decodeSchedulerId, TICK_QUEUE } from '../store/names.js';
import type { EngineQueue } from '../store/ports/ports.js';
import { StoreHolder } from '../store/store-holder.js';
import type { QueuedExecution } from '../store/codecs/queued-execution.js';

/** A schedule by which fires were planned, and the time for which it was. Plain JSON; times are milliseconds since the epoch. */
export interface ScheduleRevision {
  readonly repeat: StoredRepeat;
  readonly since: number;
  /** Absent: it still holds. */
  readonly until?: number;
}

/** What the fire handler has decided about a tick. Plain JSON: it is stored on the tick's job. Times are milliseconds since the epoch. */
export interface FirePlan {
  /** The claim: `lastFire` goes from here, absent for none, */
  readonly from?: number;
  /** to here. */
  readonly to: number;
  /** Ascending, in the order in which they run. */
  readonly runs: readonly { readonly at: number; readonly missed: boolean }[];
  readonly skipped: readonly number[];
  readonly reason: SkipReason;
}

/** Why a fire does not run, as it stands in its record. */
export type SkipReason = 'misfire' | 'disabled';

/**
 * What a schedule's entry in the tick queue holds: its fires carry it to the fire handler. Payload, policies and whether it is
 * enabled stand in the schedule's record, and are read at the fire.
 */
export interface TickData {
  readonly job: string;
  /** The expression as it was written, for people who look at the queue. */
  readonly expression?: string;
  /** By what BullMQ planned it. Absent in entries of earlier versions: by the schedule as it is now. */
  readonly by?: readonly ScheduleRevision[];
  /** Of a tick that was added by hand, because BullMQ has no job for some fires: whose fires to look for. */
  readonly schedule?: string;
  /** What the fire handler has decided: a retry carries it out and judges nothing again. */
  readonly plan?: FirePlan;
}

/** A tick, as the fire handler reads it. */
export interface Tick {
  readonly scheduleId: string;
  /** The nominal time for which BullMQ made it; undefined when it was added by hand. */
  readonly at: number | undefined;
  readonly data: TickData;
}

/** A tick leaves nothing behind. */
export const TICK_OPTIONS: JobsOptions = { removeOnComplete: true, removeOnFail: true };

/** The internal queue that BullMQ's job schedulers fill, one job a fire. Outside slots and weights. */
@Injectable()
export class TickQueue {
  private readonly logger = new OwnLogger();
  /** How BullMQ computes the next fire of an entry. */
  readonly repeatStrategy: RepeatStrategy = createRepeatStrategy((problem) => this.logger.error(problem));
  private queue: EngineQueue | undefined;

  constructor(private readonly holder: StoreHolder) {}

  /** Opens it at its first use, also in a process that fires no schedules. @throws NotStartedError */
  open(): EngineQueue {
    const { queues } = this.holder.require('apply schedules');
    if (!this.queue) {
      const { repeatStrategy } = this;
      this.queue = queues.queue(TICK_QUEUE, { settings: { repeatStrategy } });
      this.queue.on('error', (error) => this.logger.debug(`Tick queue: ${error.message}`));
    }
    return this.queue;
  }

  /** The next use opens it again. */
  async close(): Promise<void> {
    const { queue } = this;
    this.queue = undefined;
    await queue?.close();
  }
}

export function isTickData(value: unknown): value is TickData {
  return typeof value === 'object' && value !== null && 'job' in value && typeof value.job === 'string';
}

export function isFirePlan(value: unknown): value is FirePlan {
  if (typeof value !== 'object' || value === null) return false;
  const { to, runs, skipped } = value as Partial<FirePlan>;
  return typeof to === 'number' && Array.isArray(runs) && Array.isArray(skipped);
}

/** What a job of the tick queue says; undefined when it is none of ours. */
export function readTick({ payload, scheduleId, scheduledFor }: QueuedExecution): Tick | undefined {
  if (!isTickData(payload)) return undefined;
  const { plan, ...rest } = payload;
  const data: TickData = isFirePlan(plan) ? payload : rest;
  if (scheduleId !== undefined && scheduledFor !== undefined) {
    return { scheduleId: decodeSchedulerId(scheduleId), at: scheduledFor, data };
  }
  return typeof data.schedule === 'string' ? { scheduleId: data.schedule, at: undefined, data } : undefined;
}

/** The id of a fire's execution: two instances that take the same fire make one execution of it. */
export function fireId(scheduleId: string, nominal: number): string {
  return `${scheduleId}@${new Date(nominal).toISOString()}`;
}

/** How long a fire that could not be handed on waits before it is tried again, in milliseconds. */
export const FIRE_RETRY_DELAY = 1_000;
