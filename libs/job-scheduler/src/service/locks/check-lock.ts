import { formatDuration, readDuration, type Duration } from '../../common/duration.js';
import { isAbortSignal, optionsProblem } from '../../common/options-problem.js';
import { inspectShort } from '../../common/inspect-short.js';
import { isStorableText, UNSTORABLE_RULE } from '../../common/storable-text.js';
import { LockOptionsError } from '../../errors/lock-errors.js';

export interface LockWaitOptions {
  /** How long to wait; default: for ever. `0`: not at all. */
  timeout?: Duration;
  /** Ends the waiting when it aborts. */
  signal?: AbortSignal;
}

const LONGEST_KEY = 512;
/** Less does not even cover the way to the store and back. In milliseconds. */
const SHORTEST_TTL = 10;
const WAIT_OPTIONS = ['timeout', 'signal'];

/** @throws LockOptionsError */
export function checkLockKey(key: unknown): void {
  if (typeof key === 'string' && key.length > 0 && key.length <= LONGEST_KEY && isStorableText(key)) return;
  throw new LockOptionsError(
    'key',
    key,
    `${inspectShort(key)} is not allowed. Allowed: a text of 1 to ${LONGEST_KEY} characters, ${UNSTORABLE_RULE}.`,
  );
}

/** @throws LockOptionsError */
export function checkLockWork(work: unknown): void {
  if (typeof work === 'function') return;
  throw new LockOptionsError(
    'work',
    work,
    `${inspectShort(work)} is not allowed. Allowed: a function (lock) => result.`,
  );
}

/** Milliseconds. @throws LockOptionsError */
export function lockTime(ttl: Duration): number {
  const ms = duration('ttl', ttl);
  if (ms >= SHORTEST_TTL) return ms;
  throw new LockOptionsError(
    'ttl',
    ttl,
    `${inspectShort(ttl)} is too short. Allowed: at least ${formatDuration(SHORTEST_TTL)}.`,
  );
}

/** @returns `timeout` in milliseconds. @throws LockOptionsError */
export function checkLockWait(options: LockWaitOptions): { timeout?: number; signal?: AbortSignal } {
  const found = optionsProblem(options, WAIT_OPTIONS);
  if (found) throw new LockOptionsError(found.name ?? 'options', options, found.problem);
  const { timeout, signal } = options;
  if (signal !== undefined && !isAbortSignal(signal)) {
    throw new LockOptionsError('signal', signal, `${inspectShort(signal)} is not allowed. Allowed: an AbortSignal.`);
  }
  return { ...(timeout !== undefined && { timeout: duration('timeout', timeout) }), ...(signal && { signal }) };
}

function duration(field: string, value: Duration): number {
  const reading = readDuration(value);
  if (reading.ok) return reading.ms;
  throw new LockOptionsError(field, value, reading.problem);
}
