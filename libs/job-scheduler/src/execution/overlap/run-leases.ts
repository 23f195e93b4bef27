import type { Clock } from '../../common/clock.js';
import type { LockAnswer, LockStore } from '../../store/ports/lock-store.js';
import type { QueuedExecution } from '../../store/codecs/queued-execution.js';
import type { Canceller } from '../../jobs/cancel/canceller.js';
import type { RunLimits } from './run-limits.js';

/** What leases need of executions, in whatever queue and process they are. Nothing in it rejects because one is gone. */
export interface OtherRuns extends Pick<Canceller, 'cancel'> {
  /**
   * Lets one that waits for its time run now. `busy`: it does not wait for its time; `gone`: it has ended, or was removed.
   * @param fence of the start that put it back: if it has started again since, it is `busy`.
   */
  promote(queue: string, id: string, fence?: number): Promise<'promoted' | 'busy' | 'gone'>;
  /** `false`: it has ended, or was removed. */
  isGoingOn(queue: string, id: string): Promise<boolean>;
  /** When it was first to run, in milliseconds since the epoch; undefined when that is not known any more. */
  dueAt(queue: string, id: string): Promise<number | undefined>;
}

/** An execution, as it stands in leases and lines. */
export interface Runner {
  readonly queue: string;
  readonly id: string;
}

export function holderOf({ queue, id }: Pick<QueuedExecution, 'queue' | 'id'>): string {
  return `${queue}:${id}`;
}

/** Names of queues hold no colon. */
export function runnerOf(holder: string): Runner {
  const colon = holder.indexOf(':');
  return { queue: holder.slice(0, colon), id: holder.slice(colon + 1) };
}

/** The lease of the execution that waits to replace a run. */
export function successorKey(key: string): string {
  return `${key}:next`;
}

/** Every key under which an execution may have a lease or a place. */
export function keysOf({ overlap, cap }: RunLimits): readonly string[] {
  const ofOverlap = overlap ? [overlap.key, ...(overlap.policy === 'replace' ? [successorKey(overlap.key)] : [])] : [];
  return cap ? [...ofOverlap, cap.key] : ofOverlap;
}

/** Has neither a lease nor a place. */
const NO_HOLDER = '';

/** A call that frees a lease is repeated this often while the store is away; then the lease ends by its time. */
const TRIES = 3;
const RETRY_DELAY = 1_000;

/** Leases of executions, and which executions wait for them. */
export class RunLeases {
  /** @param store of the locks, once it is open. */
  constructor(
    private readonly store: () => LockStore,
    readonly others: OtherRuns,
    private readonly clock: Clock,
    /** Milliseconds that a lease lasts without being renewed. */
    readonly ttl: number,
  ) {}

  get locks(): LockStore {
    return this.store();
  }

  /** @param placeFor milliseconds for which the execution keeps its place, when no lease is free. */
  acquire(key: string, holder: string, slots: number, placeFor: number): Promise<LockAnswer> {
    return this.locks.acquire(key, holder, { ttl: this.ttl, slots, line: placeFor });
  }

  /** Releases a lease or a place, as `LockStore.release` does, and promotes the next that wait for it. */
  async release(key: string, holder: string, fence?: number): Promise<void> {
    const next = await this.locks.release(key, holder, fence);
    const promoted = new Set<string>();
    for (let head = next.shift(); head !== undefined; head = next.shift()) {
      if (promoted.has(head)) continue;
      promoted.add(head);
      const { queue, id } = runnerOf(head);
      // One that is gone would keep its place until that ends, and the others with it.
      if ((await this.others.promote(queue, id)) === 'gone') next.push(...(await this.locks.release(key, head)));
    }
  }

  /** Where a lease is free, and others wait: the next is promoted. Those that are gone lose their place. */
  promoteNext(key: string): Promise<void> {
    return this.release(key, NO_HOLDER);
  }

  /** Repeats a call that frees something, while the store is away. Never rejects. */
  async surely(work: () => Promise<unknown>): Promise<void> {
    for (let tries = 1; tries <= TRIES; tries++) {
      try {
        await work();
        return;
      } catch {
        if (tries < TRIES) await this.clock.sleep(RETRY_DELAY);
      }
    }
  }
}
