import { inspectShort } from '../common/inspect-short.js';
import { join, type OptionFaults } from '../common/option-faults.js';
import type { RetryOptions } from './job-options.js';

/** `RetryOptions` with all defaults filled in. Durations are milliseconds. */
export interface RetryPolicy {
  readonly max: number;
  readonly backoff: 'exponential' | 'fixed' | ((retry: number, error: Error) => number);
  readonly delay: number;
  readonly maxDelay: number;
  readonly jitter: number;
}

/** The most retries that a job may ask for. */
export const MOST_RETRIES = 1_000_000;

const RETRY_OPTIONS = ['max', 'backoff', 'delay', 'maxDelay', 'jitter'] as const satisfies (keyof RetryOptions)[];

/**
 * Fills in what `value` leaves open with `defaults`. What is wrong is noted in `faults` at `at`, and `defaults` stands instead.
 * A `delay` over the default `maxDelay` raises it: the user's number is meant.
 */
export function resolveRetry(value: unknown, defaults: RetryPolicy, at: string, faults: OptionFaults): RetryPolicy {
  if (value === undefined) return defaults;
  if (typeof value === 'number') {
    return Object.freeze({ ...defaults, max: faults.integer(at, value, defaults.max, 0, MOST_RETRIES) });
  }
  if (!faults.object(at, value, RETRY_OPTIONS)) return defaults;
  const delay = faults.duration(join(at, 'delay'), value.delay, defaults.delay);
  const maxDelay = faults.duration(join(at, 'maxDelay'), value.maxDelay, Math.max(defaults.maxDelay, delay));
  if (value.delay !== undefined && value.maxDelay !== undefined && delay > maxDelay) {
    faults.add(
      join(at, 'maxDelay'),
      `${inspectShort(value.maxDelay)} is less than delay, ${inspectShort(value.delay)}. Allowed: delay or more.`,
    );
  }
  return Object.freeze({
    max: faults.integer(join(at, 'max'), value.max, defaults.max, 0, MOST_RETRIES),
    backoff: readBackoff(join(at, 'backoff'), value.backoff, defaults.backoff, faults),
    delay,
    maxDelay,
    jitter: readJitter(join(at, 'jitter'), value.jitter, defaults.jitter, faults),
  });
}

/**
 * Milliseconds before retry number `retry` (1 for the first): at most `maxDelay`, then spread by `jitter`.
 * A backoff function that throws, or gives anything but a number of milliseconds, is replaced by the exponential delay,
 * and `report` is told. Never throws.
 */
export function retryDelay(
  policy: RetryPolicy,
  retry: number,
  error: Error,
  random: () => number = Math.random,
  report?: (problem: string) => void,
): number {
  const delay = Math.min(plainDelay(policy, retry, error, report), policy.maxDelay);
  return Math.round(delay * (1 + policy.jitter * (2 * random() - 1)));
}

function plainDelay(policy: RetryPolicy, retry: number, error: Error, report?: (problem: string) => void): number {
  const { backoff, delay } = policy;
  // 2^1023 is the last power that is a number; the cap above makes the rest equal.
  const exponential = delay * 2 ** Math.min(Math.max(retry, 1) - 1, 1000);
  if (backoff === 'fixed') return delay;
  if (backoff === 'exponential') return exponential;
  let problem: string;
  try {
    const own: unknown = backoff(retry, error);
    if (typeof own === 'number' && own >= 0) return own;
    // An async function's rejection must not take the process down.
    if (own instanceof Promise) own.catch(() => undefined);
    problem = `gave ${inspectShort(own)}`;
  } catch (thrown) {
    problem = `threw ${inspectShort(thrown)}`;
  }
  report?.(
    `The backoff function ${problem} for retry ${retry}, not a number of milliseconds. The exponential delay stands.`,
  );
  return exponential;
}

function readBackoff(
  at: string,
  value: unknown,
  fallback: RetryPolicy['backoff'],
  faults: OptionFaults,
): RetryPolicy['backoff'] {
  // Its arguments cannot be checked; what it gives is, at each call.
  if (typeof value === 'function') return value as (retry: number, error: Error) => number;
  if (value === undefined) return fallback;
  if (value === 'exponential' || value === 'fixed') return value;
  faults.add(
    at,
    `${inspectShort(value)} is not allowed. Allowed: "exponential", "fixed", or a function (retry, error) => milliseconds.`,
  );
  return fallback;
}

function readJitter(at: string, value: unknown, fallback: number, faults: OptionFaults): number {
  if (value === undefined) return fallback;
  if (typeof value === 'number' && value >= 0 && value <= 1) return value;
  faults.add(at, `${inspectShort(value)} is not allowed. Allowed: a number from 0 to 1.`);
  return fallback;
}
