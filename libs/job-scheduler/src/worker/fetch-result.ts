import type { JobJson } from 'bullmq';
import type { QueuedJob } from '../store/codecs/job-envelope.js';

/** A job that was fetched from its queue, as BullMQ's backends hand it out. */
export interface FetchedJob {
  /** BullMQ's. */
  readonly id: string;
  readonly json: JobJson;
}

/** The answer to a fetch. */
export interface FetchResult {
  readonly job: FetchedJob | undefined;
  /** Without a job: for how many milliseconds the queue's rate limit keeps jobs back; 0: it does not. */
  readonly limitedFor: number;
  /** Without a job: when the next delayed one is due, in milliseconds since the epoch; 0: there is none. */
  readonly dueAt: number;
  /** Without a job: false when the answer says nothing about the queue, so that it may have work all the same. */
  readonly isEmpty: boolean;
}

export const NOTHING_KNOWN: FetchResult = { job: undefined, limitedFor: 0, dueAt: 0, isEmpty: false };

/** BullMQ's answer: `[job or null, its id, rate limit in ms, next due time]`, or nothing for an empty queue. */
export function readFetched(answer: unknown): FetchResult {
  // A backend's `moveToCompleted` wraps it; a job's own returns it as it is.
  const fetched = isFinish(answer) ? answer.result : answer;
  const [json, id, limitedFor, dueAt] = (fetched ?? []) as [JobJson?, string?, number?, number?];
  if (json) return { job: { id: id!, json }, limitedFor: 0, dueAt: 0, isEmpty: false };
  return { job: undefined, limitedFor: Math.max(0, limitedFor ?? 0), dueAt: Math.max(0, dueAt ?? 0), isEmpty: true };
}

function isFinish(answer: unknown): answer is { readonly result: unknown } {
  return typeof answer === 'object' && answer !== null && 'result' in answer;
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
