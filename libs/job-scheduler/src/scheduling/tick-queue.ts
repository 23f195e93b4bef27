import type { JobsOptions, RepeatStrategy } from 'bullmq';
import type { StoredRepeat } from '../cron/schedule-pattern.js';
import { decodeSchedulerId, TICK_QUEUE } from '../store/names.js';
import type { EngineQueue, Store } from '../store/ports/ports.js';
import type { QueuedExecution } from '../store/codecs/queued-execution.js';
import { isFirePlan, type FirePlan } from './fire/fire-plan.js';

/** A schedule by which fires were planned, and the time for which it was. Plain JSON; times are milliseconds since the epoch. */
export interface ScheduleRevision {
  readonly repeat: StoredRepeat;
  readonly since: number;
  /** Absent: it still holds. */
  readonly until?: number;
}

/**
 * What a schedule's entry in the tick queue holds: its fires carry it to the gate. Payload, policies and whether it is
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
  /** What the gate has decided: a retry carries it out and judges nothing again. */
  readonly plan?: FirePlan;
}

/** A tick, as the gate sees it. */
export interface Tick {
  readonly scheduleId: string;
  /** The nominal time for which BullMQ made it; undefined when it was added by hand. */
  readonly at: number | undefined;
  readonly data: TickData;
}

export interface TickSettings {
  readonly repeatStrategy: RepeatStrategy;
}

/** A tick leaves nothing behind. */
export const TICK_OPTIONS: JobsOptions = { removeOnComplete: true, removeOnFail: true };

/** Opens the internal queue that BullMQ's job schedulers fill, one job a fire. Outside slots and weights. */
export function openTickQueue(store: Store, repeatStrategy: RepeatStrategy): EngineQueue {
  return store.queues.queue(TICK_QUEUE, { settings: { repeatStrategy } });
}

export function isTickData(value: unknown): value is TickData {
  return typeof value === 'object' && value !== null && 'job' in value && typeof value.job === 'string';
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
