/** A timer that `Clock` made. Opaque: give it back to `clear`. */
export interface ClockTimer {
  readonly cancel: () => void;
}

/** The only source of time in the library: tests put another in its place. */
export abstract class Clock {
  /** Milliseconds since the epoch. */
  abstract now(): number;

  /** Milliseconds since some moment: goes on evenly, whatever becomes of the clock. */
  monotonic(): number {
    return this.now();
  }

  /**
   * Calls `work` once after `ms` (at once when it is zero or less), however long that is.
   * @param keepAlive whether the timer keeps the process up; default `true`.
   */
  abstract after(ms: number, work: () => void, keepAlive?: boolean): ClockTimer;

  /** Resolves after `ms`, or as soon as `signal` aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        timer.cancel();
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = this.after(ms, done);
      signal?.addEventListener('abort', done, { once: true });
    });
  }
}

/** `setTimeout` fires at once for more than this; longer waits are made of several. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/** The process's own time. */
export class SystemClock extends Clock {
  now(): number {
    return Date.now();
  }

  override monotonic(): number {
    return performance.now();
  }

  after(ms: number, work: () => void, keepAlive = true): ClockTimer {
    let handle: NodeJS.Timeout;
    const arm = (left: number) => {
      handle =
        left > LONGEST_TIMEOUT
          ? setTimeout(() => arm(left - LONGEST_TIMEOUT), LONGEST_TIMEOUT)
          : setTimeout(work, Math.max(0, left));
      if (!keepAlive) handle.unref();
    };
    arm(ms);
    return { cancel: () => clearTimeout(handle) };
  }
}
