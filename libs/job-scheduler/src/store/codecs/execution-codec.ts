import type { FinalStatus } from '../../definition/job-status.js';
import type { AttemptRecord, ExecutionHead, StepRecord, StoredExecution } from '../ports/execution-record.js';

/** JSON, or an object that was read from some. */
export type StoredPart = string | object;

/** An execution's parts, as a store gives them back. */
export interface RawExecution {
  readonly id: string;
  readonly job: string;
  readonly queue: string;
  readonly fence: number;
  readonly final: string | undefined;
  readonly head: StoredPart | undefined;
  readonly attempts: readonly StoredPart[];
  /** By `sequence`, steps that finished in the same millisecond stay in order. */
  readonly steps: readonly { readonly sequence: number; readonly text: string }[];
}

/** A stored record cannot be read. */
export class CorruptRecordError extends Error {}

const FINAL: Readonly<Record<FinalStatus, true>> = { completed: true, failed: true, skipped: true, cancelled: true };

function isFinal(value: string): value is FinalStatus {
  return Object.hasOwn(FINAL, value);
}

/** @throws CorruptRecordError */
export function readExecution(raw: RawExecution): StoredExecution {
  if (!Number.isFinite(raw.fence)) throw new CorruptRecordError('its fence is no number');
  if (raw.final !== undefined && !isFinal(raw.final))
    throw new CorruptRecordError(`its status is ${JSON.stringify(raw.final)}`);
  const attempts = raw.attempts
    .map((part) => readPart(part) as AttemptRecord)
    .toSorted((a, b) => a.startedAt - b.startedAt || a.attempt - b.attempt);
  const steps = raw.steps.map(({ sequence, text }) => ({ sequence, step: readPart(text) as StepRecord }));
  return {
    id: raw.id,
    job: raw.job,
    queue: raw.queue,
    fence: raw.fence,
    ...(raw.final === undefined ? {} : { final: raw.final }),
    ...(raw.head === undefined ? {} : { head: withError(readPart(raw.head) as ExecutionHead, raw.final, attempts) }),
    attempts,
    steps: steps
      .toSorted((a, b) => a.step.finishedAt - b.step.finishedAt || a.sequence - b.sequence)
      .map(({ step }) => step),
  };
}

/** While it goes on, its last attempt has its error. */
function withError(head: ExecutionHead, final: string | undefined, attempts: readonly AttemptRecord[]): ExecutionHead {
  const error = attempts.at(-1)?.error;
  return final === undefined && head.error === undefined && error ? { ...head, error } : head;
}

/** @throws CorruptRecordError */
export function readPart(part: unknown): object {
  let value = part;
  try {
    if (typeof part === 'string') value = JSON.parse(part);
  } catch (error) {
    throw new CorruptRecordError(`a part of it is no JSON: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null) throw new CorruptRecordError('a part of it is no object');
  return value;
}

/** Longer than anybody keeps anything, and short enough for every store's arithmetic: 1,000 years. */
const LONGEST = 31_536_000_000_000;

/** A whole number of milliseconds that stores can add to a time. */
export function storableAge(milliseconds: number): number {
  return Math.max(0, Math.min(LONGEST, Math.ceil(milliseconds)));
}

/** A whole number of records. */
export function storableCount(count: number): number {
  return Math.max(0, Math.min(Number.MAX_SAFE_INTEGER, Math.floor(count)));
}
