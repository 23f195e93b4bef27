import { parseDuration } from '../definition/duration.js';
import { MOST_RETRIES } from '../definition/retry-policy.js';
import { isStorableText, UNSTORABLE_RULE } from '../definition/storable-text.js';
import { EnqueueOptionsError } from '../errors/payload-errors.js';
import { didYouMean } from '../errors/did-you-mean.js';
import type { ExecutionOverrides } from '../store/started-job.js';
import type { EnqueueOptions } from './enqueue-options.js';

const KNOWN = ['id', 'queue', 'priority', 'retry', 'timeout', 'retention', 'metadata', 'whenFull', 'signal'];
const PRIORITY_LIMIT = 1_000_000;
const METADATA_ENTRIES = 64;
const LONGEST_METADATA = 1_024;

function refuse(field: string, value: unknown, allowed: string): never {
  throw new EnqueueOptionsError(field, value, `Enqueue option "${field}" is ${show(value)}; ${allowed}.`);
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 80));
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : `a ${typeof value}`;
}

/** Checks what an enqueue sets, and gives what is stored of it. @throws EnqueueOptionsError */
export function checkEnqueueOptions(options: EnqueueOptions): ExecutionOverrides {
  for (const key of Object.keys(options)) {
    if (!KNOWN.includes(key)) {
      throw new EnqueueOptionsError(key, key, `Enqueue has no option "${key}".${didYouMean(key, KNOWN, 'Options')}`);
    }
  }
  checkPriority(options.priority);
  checkMetadata(options.metadata);
  checkFull(options);
  const { retry, timeout, retention } = options;
  return {
    ...(retry !== undefined && { retry: checkRetry(retry) }),
    ...(timeout !== undefined && { timeout: positive('timeout', timeout) }),
    ...(retention !== undefined && { retention: checkRetention(retention) }),
  };
}

function checkPriority(priority: unknown): void {
  if (priority === undefined) return;
  if (!Number.isInteger(priority) || Math.abs(priority as number) > PRIORITY_LIMIT) {
    refuse('priority', priority, `a priority is a whole number from -${PRIORITY_LIMIT} to ${PRIORITY_LIMIT}`);
  }
}

function checkMetadata(metadata: unknown): void {
  if (metadata !== undefined && !isMetadata(metadata)) refuse('metadata', metadata, METADATA_RULE);
}

function checkFull({ whenFull, signal }: EnqueueOptions): void {
  if (whenFull !== undefined && whenFull !== 'reject' && whenFull !== 'wait') {
    refuse('whenFull', whenFull, "it is 'reject' or 'wait'");
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) refuse('signal', signal, 'it is an AbortSignal');
}

export const METADATA_RULE = `metadata is an object of up to ${METADATA_ENTRIES} texts of up to ${LONGEST_METADATA} characters, ${UNSTORABLE_RULE}`;

export function isMetadata(metadata: unknown): metadata is Record<string, string> {
  const entries = typeof metadata === 'object' && metadata !== null ? Object.entries(metadata) : undefined;
  return (
    entries !== undefined &&
    entries.length <= METADATA_ENTRIES &&
    entries.every(([key, value]) => typeof value === 'string' && fitsText(value) && fitsText(key))
  );
}

function fitsText(text: string): boolean {
  return text.length <= LONGEST_METADATA && isStorableText(text);
}

function checkRetry(retry: NonNullable<EnqueueOptions['retry']>): NonNullable<ExecutionOverrides['retry']> {
  const { max, backoff, delay, maxDelay, jitter } = typeof retry === 'number' ? { max: retry } : retry;
  if (max !== undefined && (!Number.isInteger(max) || max < 0 || max > MOST_RETRIES))
    refuse('retry.max', max, `it is a whole number from 0 to ${MOST_RETRIES}`);
  if (backoff !== undefined && backoff !== 'exponential' && backoff !== 'fixed') {
    refuse(
      'retry.backoff',
      backoff,
      "it is 'exponential' or 'fixed' (a function cannot be stored: declare it on the job)",
    );
  }
  if (jitter !== undefined && !(jitter >= 0 && jitter <= 1))
    refuse('retry.jitter', jitter, 'it is a number from 0 to 1');
  const durations = {
    ...(delay !== undefined && { delay: enqueueDuration('retry.delay', delay) }),
    ...(maxDelay !== undefined && { maxDelay: enqueueDuration('retry.maxDelay', maxDelay) }),
  };
  if (durations.delay !== undefined && durations.maxDelay !== undefined && durations.delay > durations.maxDelay)
    refuse('retry.maxDelay', maxDelay, `it is at least retry.delay, ${show(delay)}`);
  return {
    ...(max !== undefined && { max }),
    ...(backoff !== undefined && { backoff }),
    ...durations,
    ...(jitter !== undefined && { jitter }),
  };
}

function checkRetention(
  retention: NonNullable<EnqueueOptions['retention']>,
): NonNullable<ExecutionOverrides['retention']> {
  const { count, age, failed } = retention;
  if (count !== undefined && (!Number.isInteger(count) || count < 0)) {
    refuse('retention.count', count, 'it is a whole number of at least 0');
  }
  return {
    ...(count !== undefined && { count }),
    ...(age !== undefined && { age: enqueueDuration('retention.age', age) }),
    ...(failed !== undefined && { failed: enqueueDuration('retention.failed', failed) }),
  };
}

/** Milliseconds. @throws EnqueueOptionsError */
export function enqueueDuration(field: string, value: number | string): number {
  try {
    return parseDuration(value);
  } catch (error) {
    throw new EnqueueOptionsError(field, value, `Enqueue option "${field}": ${(error as Error).message}`);
  }
}

function positive(field: string, value: number | string): number {
  const ms = enqueueDuration(field, value);
  return ms > 0 ? ms : refuse(field, value, 'it is more than 0');
}
