import type { EngineScheduler } from './ports/ports.js';
import { ErrorCode } from 'bullmq';

/** A field as a store gives it: texts on Redis, numbers or texts on SQL. */
type Field = string | number | null | undefined;

/** A job scheduler's fields as BullMQ keeps them. */
export interface RawScheduler {
  readonly key: string;
  readonly next: Field;
  readonly hasJob: boolean;
  readonly pattern: string | null | undefined;
  readonly tz: string | null | undefined;
  readonly startDate: Field;
  readonly endDate: Field;
  /** JSON. */
  readonly data: string | null | undefined;
}

export function toEngineScheduler(raw: RawScheduler): EngineScheduler {
  return {
    key: raw.key,
    next: Number(raw.next ?? 0),
    pattern: raw.pattern ?? undefined,
    tz: raw.tz ?? undefined,
    startDate: readTime(raw.startDate),
    endDate: readTime(raw.endDate),
    data: readJson(raw.data),
    hasJob: raw.hasJob,
  };
}

function readTime(field: Field): number | undefined {
  return field === null || field === undefined || field === '' ? undefined : Number(field);
}

function readJson(text: string | null | undefined): unknown {
  if (!text) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const TAKEN: readonly unknown[] = [ErrorCode.SchedulerJobIdCollision, ErrorCode.SchedulerJobSlotsBusy];

/** Whether another process wrote the same entry of a job scheduler at the same moment. */
export function isEntryTaken(error: unknown): boolean {
  return TAKEN.includes((error as { code?: unknown } | null)?.code);
}
