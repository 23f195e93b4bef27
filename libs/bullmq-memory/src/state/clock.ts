/** What the backend needs of a clock. */
export interface MemoryClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `work` once after `ms`. */
  after(ms: number, work: () => void): { cancel: () => void };
}

/** `setTimeout` fires at once for more than this; longer waits are made of several. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/** The process's own time, which fake timers move. */
export const processClock: MemoryClock = {
  now: () => Date.now(),
  after: (ms, work) => {
    let handle: NodeJS.Timeout;
    const arm = (left: number): void => {
      handle =
        left > LONGEST_TIMEOUT
          ? setTimeout(() => arm(left - LONGEST_TIMEOUT), LONGEST_TIMEOUT)
          : setTimeout(work, Math.max(0, left));
    };
    arm(ms);
    return { cancel: () => clearTimeout(handle) };
  },
};

/** When something that was stored for `ttl` milliseconds ends. */
export const endOf = (now: number, ttl: number): number => now + Math.max(0, Math.floor(ttl));
