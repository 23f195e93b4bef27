import { type IQueueBackend, type Job, UnrecoverableError } from 'bullmq';
import type { Outcome } from '../execution/outcome.js';
import { storable, textOf } from './texts.js';

/** Stacks of earlier attempts that stay on the job. */
const STACKS_KEPT = 10;

/**
 * Tells BullMQ how an attempt ended. BullMQ's own retries are not used: the outcome says what follows.
 *
 * @param fetchNext whether the same call is to take the next job.
 * @param now milliseconds since the epoch.
 * @returns BullMQ's answer, with the next job if there is one. Rejects with what the store answered.
 */
export function tellQueue(
  backend: IQueueBackend,
  job: Job<unknown, unknown>,
  token: string,
  outcome: Outcome,
  fetchNext: boolean,
  now: number,
): Promise<unknown> {
  const id = job.id!;
  switch (outcome.kind) {
    case 'completed':
      return job.moveToCompleted(outcome.result, token, fetchNext);
    case 'failed':
      return fail(job, token, outcome.error, fetchNext);
    case 'cancelled':
      // It leaves the queue at once: only failures are kept.
      job.opts.removeOnFail = true;
      return fail(job, token, new Error(storable(outcome.reason)), fetchNext, false);
    case 'retry': {
      const { reason, stack } = textsOf(outcome.error);
      const stacktrace = JSON.stringify([...(job.stacktrace ?? []), stack].slice(-STACKS_KEPT));
      const fieldsToUpdate = { failedReason: reason, stacktrace };
      return backend.moveToDelayed(id, now, wholeDelay(outcome.delay), token, { fieldsToUpdate, fetchNext });
    }
    case 'snooze':
      return backend.moveToDelayed(id, now, wholeDelay(outcome.delay), token, { skipAttempt: true, fetchNext });
    case 'release':
      return backend.moveJobFromActiveToWait(id, token);
    default:
      return Promise.resolve();
  }
}

function fail(
  job: Job<unknown, unknown>,
  token: string,
  error: Error,
  fetchNext: boolean,
  withStack = true,
): Promise<unknown> {
  const { reason, stack } = textsOf(error);
  // The class of error that BullMQ does not retry.
  const final = new UnrecoverableError(reason);
  final.stack = withStack ? stack : '';
  const stacktrace = job.stacktrace ?? [];
  // BullMQ adds this stack, at each try of this call.
  job.stacktrace = stacktrace.slice(1 - STACKS_KEPT);
  return job.moveToFailed(final, token, fetchNext).catch((thrown: unknown) => {
    job.stacktrace = stacktrace;
    throw thrown;
  });
}

function textsOf(error: Error): { reason: string; stack: string } {
  const reason = textOf(() => error.message, 'The job failed without a message');
  return { reason, stack: textOf(() => error.stack, reason) };
}

function wholeDelay(delay: number): number {
  return Math.max(0, Math.ceil(delay));
}
