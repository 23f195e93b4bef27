import { type Duration, parseDuration } from '../../common/duration.js';
import { retryDelay, type RetryPolicy } from '../../definition/retry-policy.js';
import { toReason } from '../../common/storable-text.js';
import { steeringOf } from './foreign-errors.js';
import {
  JobAbortError,
  JobCancelError,
  JobLockLostError,
  JobPoisonedError,
  JobRefusedError,
  JobShutdownError,
  JobSnoozeError,
} from '../../errors/outcome-errors.js';
import { JobKeyError, PayloadInvalidError, ResultInvalidError } from '../../errors/payload-errors.js';
import { JobUnknownError } from '../../errors/unknown-name-errors.js';

/** What an error means for the execution, before anything is stored. */
export type Verdict =
  | { readonly kind: 'retry'; readonly delay: number }
  | { readonly kind: 'failed' }
  | { readonly kind: 'cancelled'; readonly reason: string }
  | { readonly kind: 'snooze'; readonly delay: number }
  | { readonly kind: 'requeue' }
  | { readonly kind: 'lost' };

/** Trying again would end the same way. */
const HOPELESS = [
  JobAbortError,
  JobPoisonedError,
  JobRefusedError,
  JobUnknownError,
  JobKeyError,
  PayloadInvalidError,
  ResultInvalidError,
];

/** The errors by which a handler steers its own outcome, and those of a run that is over. A step's retries do not apply. */
const STEERING = [JobLockLostError, JobShutdownError, JobCancelError, JobSnoozeError];

/** Whether the attempt ends with this error, whatever retries a step has left. */
export function isFinalError(error: Error): boolean {
  const known = steeringOf(error);
  return [...HOPELESS, ...STEERING].some((type) => known instanceof type);
}

/** Whether a handler merely steers by it, or its run is over: nothing has gone wrong. */
export function isSteering(thrown: unknown): boolean {
  const known = steeringOf(thrown);
  return STEERING.some((type) => known instanceof type);
}

/**
 * Outcome by error (docs/semantics.md#outcome-by-error).
 * @param thrown what the attempt ended with: the signal's reason once it has fired, else what the handler threw.
 * @param attempt 1 for the first.
 */
export function classify(thrown: Error, attempt: number, maxAttempts: number, policy: RetryPolicy): Verdict {
  const error = steeringOf(thrown);
  if (error instanceof JobLockLostError) return { kind: 'lost' };
  if (error instanceof JobShutdownError) return { kind: 'requeue' };
  if (error instanceof JobCancelError) return { kind: 'cancelled', reason: toReason(error.reason) };
  if (error instanceof JobSnoozeError) return { kind: 'snooze', delay: parseDuration(error.delay as Duration) };
  if (HOPELESS.some((type) => error instanceof type) || attempt >= maxAttempts) return { kind: 'failed' };
  return { kind: 'retry', delay: retryDelay(policy, attempt, thrown) };
}
