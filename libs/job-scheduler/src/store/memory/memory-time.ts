/** What the memory backend needs of a clock. Our `Clock` has it. */
export interface MemoryClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `work` once after `ms`. */
  after(ms: number, work: () => void): { cancel: () => void };
}

/** When something that was stored for `ttl` milliseconds ends. */
export const endOf = (now: number, ttl: number): number => now + Math.max(0, Math.floor(ttl));
