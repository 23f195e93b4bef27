import type { RepeatStrategy } from 'bullmq';
import { TICK_QUEUE } from '../store/names.js';
import type { EngineQueue, Store } from '../store/ports.js';

/** What a schedule's entry in the tick queue holds: its fires carry it to the gate. */
export interface TickData {
  readonly job: string;
  /** Absent: the schedule has no payload. */
  readonly payload?: unknown;
  /** The expression as it was written, for lists. */
  readonly expression: string;
}

/** Opens the internal queue that BullMQ's job schedulers fill, one job a fire. Outside slots and weights. */
export function openTickQueue(store: Store, repeatStrategy: RepeatStrategy): EngineQueue {
  return store.queues.queue(TICK_QUEUE, { settings: { repeatStrategy } });
}

export function isTickData(value: unknown): value is TickData {
  return typeof value === 'object' && value !== null && 'job' in value && typeof value.job === 'string';
}

/** The id of a fire's execution: two instances that take the same fire make one execution of it. */
export function fireId(scheduleId: string, nominal: number): string {
  return `${scheduleId}@${new Date(nominal).toISOString()}`;
}

/** How long a fire that could not be handed on waits before it is tried again, in milliseconds. */
export const FIRE_RETRY_DELAY = 1_000;
