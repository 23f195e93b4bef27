import { type Duration, LONGEST_DURATION, parseDuration } from '../../common/duration.js';
import { isAbortSignal, isFields, optionsProblem } from '../../common/options-problem.js';
import { MOST_RETRIES } from '../../definition/retry-policy.js';
import { inspectShort } from '../../common/inspect-short.js';
import { isStorableText, UNSTORABLE_RULE } from '../../common/storable-text.js';
import { EnqueueOptionsError } from '../../errors/payload-errors.js';
import type { ExecutionOverrides } from '../../store/codecs/queued-execution.js';
import type { EnqueueOptions } from './enqueue-options.js';

const KNOWN = ['id', 'queue', 'priority', 'retry', 'timeout', 'retention', 'metadata', 'whenFull', 'signal'];
const RETRY = ['max', 'backoff', 'delay', 'maxDelay', 'jitter'];
const RETENTION = ['count', 'age', 'failed'];
const ENTRY = ['job', 'payload', 'options'];
const PRIORITY_LIMIT = 1_000_000;
const METADATA_ENTRIES = 64;
const LONGEST_METADATA = 1_024;

function refuse(field: string, value: unknown, allowed: string): never {
  throw new EnqueueOptionsError(field, value, `Enqueue option "${field}" is ${inspectShort(value)}; ${allowed}.`);
}

/** Checks what an enqueue sets, and gives what is stored of it. @throws EnqueueOptionsError */
export function checkEnqueueOptions(options: EnqueueOptions): ExecutionOverrides {
  checkFields('options', options, KNOWN);
  checkQueue(options.queue);
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

/** @param entries of `enqueueMany`. @throws EnqueueOptionsError */
export function checkEntries(entries: unknown): void {
  if (Array.isArray(entries)) return;
  throw new EnqueueOptionsError(
    'entries',
    entries,
    `${inspectShort(entries)} is no list of entries { job, payload, options }.`,
  );
}

/** A mistyped `payload` would be none. @throws EnqueueOptionsError */
export function checkEnqueueEntry(entry: unknown, index: number): void {
  checkFields(`entries[${index}]`, entry, ENTRY);
}

function checkFields(at: string, value: unknown, known: readonly string[]): void {
  const found = optionsProblem(value, known);
  if (!found) return;
  const [field, wrong] =
    found.name === undefined ? [at, value] : [at === 'options' ? found.name : `${at}.${found.name}`, found.name];
  throw new EnqueueOptionsError(field, wrong, `Enqueue ${at}: ${found.problem}`);
}

function checkQueue(queue: unknown): void {
  if (queue !== undefined && typeof queue !== 'string') refuse('queue', queue, 'a queue is a text');
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
  if (signal !== undefined && !isAbortSignal(signal)) refuse('signal', signal, 'it is an AbortSignal');
}

export const METADATA_RULE = `metadata is an object of up to ${METADATA_ENTRIES} texts of up to ${LONGEST_METADATA} characters, ${UNSTORABLE_RULE}`;

export function isMetadata(metadata: unknown): metadata is Record<string, string> {
  const entries = isFields(metadata) ? Object.entries(metadata) : undefined;
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
  if (typeof retry === 'number') return checkRetry({ max: retry });
  checkFields('retry', retry, RETRY);
  const { max, backoff, delay, maxDelay, jitter } = retry;
  if (max !== undefined && (!Number.isInteger(max) || max < 0 || max > MOST_RETRIES))
    refuse('retry.max', max, `it is a whole number from 0 to ${MOST_RETRIES}`);
  if (backoff !== undefined && backoff !== 'exponential' && backoff !== 'fixed') {
    refuse(
      'retry.backoff',
      backoff,
      "it is 'exponential' or 'fixed' (a function cannot be stored: declare it on the job)",
    );
  }
  if (jitter !== undefined && !(typeof jitter === 'number' && jitter >= 0 && jitter <= 1))
    refuse('retry.jitter', jitter, 'it is a number from 0 to 1');
  const durations = {
    ...(delay !== undefined && { delay: enqueueDuration('retry.delay', delay) }),
    ...(maxDelay !== undefined && { maxDelay: enqueueDuration('retry.maxDelay', maxDelay) }),
  };
  if (durations.delay !== undefined && durations.maxDelay !== undefined && durations.delay > durations.maxDelay)
    refuse('retry.maxDelay', maxDelay, `it is at least retry.delay, ${inspectShort(delay)}`);
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
  checkFields('retention', retention, RETENTION);
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

/** Milliseconds from now until a time, 0 if it is past. @throws EnqueueOptionsError */
export function delayUntil(at: Date, now: number): number {
  if (!(at instanceof Date) || Number.isNaN(at.getTime())) {
    throw new EnqueueOptionsError('at', at, `"at" is not a valid Date: ${inspectShort(at)}.`);
  }
  const delay = Math.max(0, at.getTime() - now);
  if (delay <= LONGEST_DURATION) return delay;
  throw new EnqueueOptionsError('at', at, `"at" is ${inspectShort(at)}. Allowed: at most 100 years from now.`);
}

/** Milliseconds. @throws EnqueueOptionsError */
export function enqueueDuration(field: string, value: number | string): number {
  try {
    return parseDuration(value as Duration);
  } catch (error) {
    throw new EnqueueOptionsError(field, value, `Enqueue option "${field}": ${(error as Error).message}`);
  }
}

function positive(field: string, value: number | string): number {
  const ms = enqueueDuration(field, value);
  return ms > 0 ? ms : refuse(field, value, 'it is more than 0');
}
