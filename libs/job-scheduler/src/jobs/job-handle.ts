import { readDuration, type Duration } from '../common/duration.js';
import { optionsProblem } from '../common/options-problem.js';
import { WaitOptionsError } from '../errors/outcome-errors.js';
import type { Enqueued } from './enqueued.js';
import type { FinishWatcher } from './finish-watcher.js';

/** An execution that was enqueued. */
export interface JobHandle<R = unknown> {
  readonly id: string;
  readonly job: string;
  readonly queue: string;
  /** `true`: the id was known already, or another execution has the key of a unique job; nothing was added. */
  readonly duplicate: boolean;
  /**
   * Waits until the execution has ended, wherever it runs, and gives its result.
   * @param options.timeout how long to wait; default: for ever.
   * @throws WaitOptionsError; JobFailedError when it failed for good, JobCancelledError, JobSkippedError; WaitTimeoutError when it takes too long.
   */
  finished(options?: { timeout?: Duration }): Promise<R>;
}

export function toHandle<R>(enqueued: Enqueued, watcher: FinishWatcher): JobHandle<R> {
  return Object.freeze({
    ...enqueued,
    finished: async (options: { timeout?: Duration } = {}) =>
      (await watcher.finished(enqueued, waitTime(options))) as R,
  });
}

/** Milliseconds. @throws WaitOptionsError */
function waitTime(options: { readonly timeout?: Duration }): number {
  const found = optionsProblem(options, ['timeout']);
  if (found) throw new WaitOptionsError(found.name ?? 'options', options, found.problem);
  const { timeout } = options;
  if (timeout === undefined) return Infinity;
  const reading = readDuration(timeout);
  if (reading.ok) return reading.ms;
  throw new WaitOptionsError('timeout', timeout, reading.problem);
}
