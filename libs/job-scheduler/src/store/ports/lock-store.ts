/** What asking for a lease gave. */
export type LockAnswer =
  | {
      readonly held: true;
      /** Grows each time a lease of this key is given, and never goes back. */ readonly fence: number;
    }
  | {
      readonly held: false;
      /** Who has the leases. */
      readonly holders: readonly string[];
      /** Milliseconds until the first lease ends, if it is not renewed. 0: one is free, but others stand in line before. */
      readonly freeIn: number;
      /** The asker's place in the line, 0 for the first; -1: it stands in none. */
      readonly place: number;
    };

export interface LockLease {
  readonly holder: string;
  readonly fence: number;
  /** Milliseconds until it ends. */
  readonly endsIn: number;
}

export interface AcquireOptions {
  /** Milliseconds that the lease lasts unless it is extended. */
  readonly ttl: number;
  /** The most leases of this key at once. Default 1. Askers of one key are to agree on it; where they do not, each is judged by its own. */
  readonly slots?: number;
  /** With no lease free: get, or keep, a place in the line for this many milliseconds. 0 (default): no place; one that it had is left. */
  readonly line?: number;
}

/**
 * Leases on keys, with a fence and a line of waiters for each. One atomic step per call. Time is the store's own, so that
 * the clocks of processes need not agree. A key without a holder and without a wait leaves nothing behind for long.
 * Keys that start with `user:` are those of the LockService.
 */
export interface LockStore {
  /**
   * Takes a lease of `key` for `holder`, if more are free of the `slots` than waiters stand in line before it.
   * A holder that has a lease keeps it, renewed and under a new fence: so that a run that crashed is let in again, and
   * what the crashed one still writes can be told from it.
   */
  acquire(key: string, holder: string, options: AcquireOptions): Promise<LockAnswer>;
  /** Renews a lease. `false`: it is not held any more, and nothing was changed. */
  extend(key: string, holder: string, ttl: number): Promise<boolean>;
  /**
   * Gives back the lease and any place in the line. No effect for who has neither.
   * @param fence gives back the lease only if it is still under this fence: it is not, once its holder has started again.
   * @returns the first in line, as many as leases are free of the slots that they asked with: they may ask again now.
   */
  release(key: string, holder: string, fence?: number): Promise<string[]>;
  /** Live leases, by ascending fence. */
  holders(key: string): Promise<LockLease[]>;
}
