import type { Clock, ClockTimer } from '../common/clock.js';
import { JobTimeoutError } from '../errors/outcome-errors.js';

/** Runs `work` under a time limit and an outer signal, with a signal of its own. */
export interface LimitedWork {
  readonly clock: Clock;
  /** For the message: `Job "a"`, `Step "b"`. */
  readonly what: string;
  /** Milliseconds. */
  readonly timeout: number;
  readonly outer?: AbortSignal;
}

/**
 * Gives what `work` gives, or rejects at the time limit although it goes on; what it gives afterwards is dropped.
 * The outer signal reaches `work` through its own; it does not end the wait.
 */
export async function withTimeLimit<T>(limit: LimitedWork, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const signal = limit.outer ? AbortSignal.any([limit.outer, controller.signal]) : controller.signal;
  let timer: ClockTimer | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const over = () => {
      const error = new JobTimeoutError(limit.what, limit.timeout);
      controller.abort(error);
      reject(error);
    };
    // What goes on after the app has closed is not to keep the process up.
    timer = limit.clock.after(limit.timeout, over, false);
  });
  try {
    return await Promise.race([work(signal), late]);
  } finally {
    timer?.cancel();
  }
}
