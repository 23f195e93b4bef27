import { isFirstStart, type QueuedExecution } from '../../store/codecs/queued-execution.js';
import { holderOf, type RunLeases, runnerOf, successorKey } from './run-leases.js';

/** What claiming the place of a run gave. */
export type Claim =
  /** A newer execution runs, or waits to. */
  | { readonly kind: 'replaced' }
  /** The run was cancelled; so many milliseconds from now its lease is taken from it. 0: it has been. */
  | { readonly kind: 'claimed'; readonly leftFor: number };

/** How long the lease of a successor outlasts the time at which it takes the place, in milliseconds. */
const SUCCESSOR_GRACE = 60 * 60_000;
/** Two that come at the same moment may each find the other. */
const MOST_ROUNDS = 10;

/**
 * How one run replaces another. One execution per key waits to: it has the lease of the successor. A newer one cancels
 * it and takes that lease; the run itself is cancelled, and gets some time to end before its lease is taken from it.
 */
export class ReplacePolicy {
  private readonly holder: string;
  private readonly nextKey: string;

  constructor(
    private readonly leases: RunLeases,
    private readonly started: QueuedExecution,
    private readonly key: string,
    /** Milliseconds that a run gets to end. */
    private readonly cancelTimeout: number,
  ) {
    this.holder = holderOf(started);
    this.nextKey = successorKey(key);
  }

  /** @param holders of the lease: the runs. */
  async claim(holders: readonly string[]): Promise<Claim> {
    const waited = await this.becomeSuccessor();
    if (waited === undefined) return { kind: 'replaced' };
    for (const holder of holders) {
      // One that came back, from a snooze or a crash, is no successor of those that came after it.
      if (waited === 0 && !isFirstStart(this.started) && !(await this.isNewerThan(holder))) return { kind: 'replaced' };
      const left = Math.max(1, this.cancelTimeout - waited);
      await this.leases.others.cancel(runnerOf(holder).id, 'replaced', { giveUpAfter: left });
    }
    const left = Math.max(0, this.cancelTimeout - waited);
    if (left === 0) for (const holder of holders) await this.leases.release(this.key, holder);
    return { kind: 'claimed', leftFor: left };
  }

  /** @returns for how many milliseconds it has been the successor; undefined: a newer one is. */
  private async becomeSuccessor(): Promise<number | undefined> {
    const { locks } = this.leases;
    const ttl = this.cancelTimeout + SUCCESSOR_GRACE;
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const [lease] = await locks.holders(this.nextKey);
      // Not renewed, so that its end tells when it began.
      if (lease?.holder === this.holder) return Math.max(1, ttl - lease.endsIn);
      if (lease && !(await this.isNewerThan(lease.holder))) return undefined;
      if (lease) await this.cancelHolder(lease.holder);
      if ((await locks.acquire(this.nextKey, this.holder, { ttl })).held) return 0;
    }
    return undefined;
  }

  private async cancelHolder(holder: string): Promise<void> {
    await this.leases.others.cancel(runnerOf(holder).id, 'replaced');
    // Its lease of the key, should it have begun to run, is released when its handler has ended.
    await this.leases.locks.release(this.nextKey, holder);
  }

  /** By the time at which they were to run; every process judges two executions alike. */
  private async isNewerThan(holder: string): Promise<boolean> {
    const { queue, id } = runnerOf(holder);
    const [own, other] = await Promise.all([
      this.leases.others.dueAt(this.started.queue, this.started.id),
      this.leases.others.dueAt(queue, id),
    ]);
    if (other === undefined || own === undefined) return true;
    return own === other ? this.holder > holder : own > other;
  }
}
