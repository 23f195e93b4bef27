import type { Clock } from '../common/clock.js';
import { LeaseKeeper } from '../execution/overlap/lease-keeper.js';
import type { LockStore } from '../store/ports/lock-store.js';

export interface LeaderLockParts {
  readonly locks: LockStore;
  readonly clock: Clock;
  /** This process. */
  readonly holder: string;
}

/** How long a process that dies holds up the others, in milliseconds. */
const TTL = 10_000;
/** How soon it is asked again whether the lock is free, in milliseconds. */
const ASK_AGAIN = 25;
/** A place among those that wait is kept for so long after it was last asked. */
const LINE = 2_000;

/**
 * Does work that one process of the fleet is to do at a time.
 * @param patience how long to wait for it, in milliseconds.
 * @param signal ends the wait.
 * @returns `false`: another process had the lock.
 */
export async function withLeaderLock(
  { locks, clock, holder }: LeaderLockParts,
  key: string,
  patience: number,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<boolean> {
  const deadline = clock.monotonic() + patience;
  for (;;) {
    const answer = await locks.acquire(key, holder, { ttl: TTL, line: patience > 0 ? LINE : 0 });
    if (answer.held) break;
    if (clock.monotonic() >= deadline || signal.aborted) {
      await locks.release(key, holder);
      return false;
    }
    await clock.sleep(ASK_AGAIN, signal);
  }
  // A lock that is lost all the same does no harm: whatever two reconcilers do at once, the later one checks.
  const keeper = new LeaseKeeper(() => locks, clock, TTL);
  const lease = { key, holder, onLost: () => undefined };
  keeper.keep(lease);
  try {
    await work();
  } finally {
    await keeper.drop(lease);
    await locks.release(key, holder);
  }
  return true;
}
