import type { JobJson } from 'bullmq';

/** A job that was taken off its queue, as BullMQ's backends hand it out. */
export interface FetchedJob {
  /** BullMQ's. */
  readonly id: string;
  readonly json: JobJson;
}

/** What asking a queue for a job gave. */
export interface FetchResult {
  readonly job: FetchedJob | undefined;
  /** Without a job: for how many milliseconds the queue's rate limit keeps jobs back; 0: it does not. */
  readonly limitedFor: number;
  /** Without a job: when the next delayed one is due, in milliseconds since the epoch; 0: there is none. */
  readonly dueAt: number;
  /** Without a job: false when the queue said nothing about itself, so that it may have work all the same. */
  readonly isEmpty: boolean;
}

export const NOTHING_KNOWN: FetchResult = { job: undefined, limitedFor: 0, dueAt: 0, isEmpty: false };

/** BullMQ's answer: `[job or null, its id, rate limit in ms, next due time]`, or nothing for an empty queue. */
export function readFetched(answer: unknown): FetchResult {
  // What a backend's `moveToCompleted` answers holds it; a job's own answers it itself.
  const told = isFinish(answer) ? answer.result : answer;
  const [json, id, limitedFor, dueAt] = (told ?? []) as [JobJson?, string?, number?, number?];
  if (json) return { job: { id: id!, json }, limitedFor: 0, dueAt: 0, isEmpty: false };
  return { job: undefined, limitedFor: Math.max(0, limitedFor ?? 0), dueAt: Math.max(0, dueAt ?? 0), isEmpty: true };
}

function isFinish(answer: unknown): answer is { readonly result: unknown } {
  return typeof answer === 'object' && answer !== null && 'result' in answer;
}
