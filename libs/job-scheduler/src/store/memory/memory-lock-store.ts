import type { OpenMemory } from '#bullmq-memory/extend';
import type { AcquireOptions, LockAnswer, LockLease, LockStore } from '../ports/lock-store.js';

interface Lease {
  readonly fence: number;
  endsAt: number;
}

/** A place in the line. */
interface Place {
  endsAt: number;
  /** How many leases there may be at once, for those that wait there. */
  slots: number;
}

/** One key. Both maps are in the order in which their entries were made. */
interface Lock {
  readonly leases: Map<string, Lease>;
  readonly line: Map<string, Place>;
}

/** Keys that are held or waited for. */
class LockTable {
  readonly locks = new Map<string, Lock>();
  /** One for all keys, so that no key has to be remembered for its sake. */
  lastFence = 0;
}

const endOf = (now: number, ttl: number): number => now + Math.max(0, Math.floor(ttl));

/** How many other keys each `acquire` looks at, to drop what has ended there: more than it adds. */
const SWEPT = 2;

export class MemoryLockStore implements LockStore {
  private readonly table: LockTable;

  constructor(private readonly memory: OpenMemory) {
    this.table = memory.part('locks', () => new LockTable());
  }

  async acquire(key: string, holder: string, { ttl, slots = 1, line = 0 }: AcquireOptions): Promise<LockAnswer> {
    const now = this.memory.clock.now();
    this.sweep(now);
    const lock = this.live(key, now) ?? { leases: new Map<string, Lease>(), line: new Map<string, Place>() };
    const { leases } = lock;

    const own = leases.get(holder);
    const ahead = placeOf(lock, holder);
    const free = slots - leases.size;
    if (own || ahead < free) {
      lock.line.delete(holder);
      const fence = this.nextFence(now);
      // Deleted first, so that the order stays that of the fences.
      leases.delete(holder);
      leases.set(holder, { fence, endsAt: endOf(now, ttl) });
      this.table.locks.set(key, lock);
      return { held: true, fence };
    }

    const place = lock.line.get(holder);
    if (line <= 0) lock.line.delete(holder);
    else if (place) Object.assign(place, { endsAt: endOf(now, line), slots });
    else lock.line.set(holder, { endsAt: endOf(now, line), slots });
    this.keep(key, lock);
    return {
      held: false,
      holders: [...leases.keys()],
      freeIn: free > 0 ? 0 : Math.min(...[...leases.values()].map(({ endsAt }) => endsAt)) - now,
      place: line > 0 ? ahead : -1,
    };
  }

  async extend(key: string, holder: string, ttl: number): Promise<boolean> {
    const now = this.memory.clock.now();
    const lease = this.live(key, now)?.leases.get(holder);
    if (lease) lease.endsAt = endOf(now, ttl);
    return lease !== undefined;
  }

  async release(key: string, holder: string, fence?: number): Promise<string[]> {
    const lock = this.live(key, this.memory.clock.now());
    if (!lock) return [];
    if (fence === undefined || lock.leases.get(holder)?.fence === fence) lock.leases.delete(holder);
    if (fence === undefined) lock.line.delete(holder);
    this.keep(key, lock);
    return [...lock.line].filter(([, { slots }], ahead) => ahead < slots - lock.leases.size).map(([next]) => next);
  }

  async holders(key: string): Promise<LockLease[]> {
    const now = this.memory.clock.now();
    const leases = this.live(key, now)?.leases ?? [];
    return [...leases].map(([holder, { fence, endsAt }]) => ({ holder, fence, endsIn: endsAt - now }));
  }

  /** Time as a start, so that the numbers also grow from one process to the next. */
  private nextFence(now: number): number {
    this.table.lastFence = Math.max(this.table.lastFence + 1, now);
    return this.table.lastFence;
  }

  /** What there is of a key, without what has ended. */
  private live(key: string, now: number): Lock | undefined {
    const lock = this.table.locks.get(key);
    if (!lock) return undefined;
    for (const part of [lock.leases, lock.line]) {
      for (const [holder, { endsAt }] of part) if (endsAt <= now) part.delete(holder);
    }
    this.keep(key, lock);
    return lock;
  }

  private keep(key: string, lock: Lock): void {
    if (lock.leases.size + lock.line.size === 0) this.table.locks.delete(key);
    else this.table.locks.set(key, lock);
  }

  /** Keys whose holder died and that are never asked for again: a few at a time, in turn. */
  private sweep(now: number): void {
    let left = SWEPT;
    for (const key of this.table.locks.keys()) {
      if (left-- === 0) return;
      const lock = this.live(key, now)!;
      if (!this.table.locks.delete(key)) continue;
      this.table.locks.set(key, lock);
    }
  }
}

/** How many stand in line before `holder`. */
function placeOf({ line }: Lock, holder: string): number {
  if (!line.has(holder)) return line.size;
  let ahead = 0;
  for (const each of line.keys()) {
    if (each === holder) break;
    ahead++;
  }
  return ahead;
}
