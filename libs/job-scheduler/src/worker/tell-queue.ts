import { type IQueueBackend, UnrecoverableError } from 'bullmq';
import type { Outcome } from '../execution/outcome.js';
import type { JobInLane } from './job-in-lane.js';
import { storable, textOf } from './texts.js';

/** Stacks of earlier attempts that stay on the job. */
const STACKS_KEPT = 10;

/**
 * Tells BullMQ how an attempt ended. BullMQ's own retries are not used: the outcome says what follows.
 *
 * @param now milliseconds since the epoch.
 * @param isTraced whether BullMQ is to make spans and count for telemetry, which costs time.
 * @returns BullMQ's answer, with the next job if it was asked for and there is one. Rejects with what the store answered.
 */
export function tellQueue(
  backend: IQueueBackend,
  { job, token, fetchesNext }: JobInLane,
  outcome: Outcome,
  now: number,
  isTraced: boolean,
): Promise<unknown> {
  const id = job.id!;
  switch (outcome.kind) {
    case 'completed':
      return isTraced
        ? job.moveToCompleted(outcome.result, token, fetchesNext)
        : backend
            .moveToCompleted(job, outcome.result, job.opts.removeOnComplete!, token, fetchesNext)
            .then(({ result }) => result);
    case 'failed':
      return fail(job, token, textsOf(outcome.error), fetchesNext);
    case 'cancelled':
      // It leaves the queue at once: only failures are kept.
      job.opts.removeOnFail = true;
      return fail(job, token, { reason: storable(outcome.reason), stack: '' }, fetchesNext);
    case 'retry': {
      const { reason, stack } = textsOf(outcome.error);
      const stacktrace = JSON.stringify([...(job.stacktrace ?? []), stack].slice(-STACKS_KEPT));
      const fieldsToUpdate = { failedReason: reason, stacktrace };
      const how = { fieldsToUpdate, fetchNext: fetchesNext };
      return backend.moveToDelayed(id, now, wholeDelay(outcome.delay), token, how);
    }
    case 'snooze': {
      const how = { skipAttempt: true, fetchNext: fetchesNext };
      return backend.moveToDelayed(id, now, wholeDelay(outcome.delay), token, how);
    }
    case 'release':
      return backend.moveJobFromActiveToWait(id, token);
    default:
      return Promise.resolve();
  }
}

interface Texts {
  readonly reason: string;
  readonly stack: string;
}

async function fail(job: JobInLane['job'], token: string, texts: Texts, fetchNext: boolean): Promise<unknown> {
  // The class of error that BullMQ does not retry.
  const final = new UnrecoverableError(texts.reason);
  final.stack = texts.stack;
  const stacktrace = job.stacktrace ?? [];
  // BullMQ adds this stack, at each try of this call.
  job.stacktrace = stacktrace.slice(1 - STACKS_KEPT);
  try {
    return await job.moveToFailed(final, token, fetchNext);
  } catch (error) {
    job.stacktrace = stacktrace;
    throw error;
  }
}

function textsOf(error: Error): Texts {
  const reason = textOf(() => error.message, 'The job failed without a message');
  return { reason, stack: textOf(() => error.stack, reason) };
}

function wholeDelay(delay: number): number {
  return Math.max(0, Math.ceil(delay));
}
