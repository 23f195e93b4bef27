import type { Clock } from '../../common/clock.js';
import type { LockStore } from '../../store/ports/lock-store.js';

/** A lease that one start of an execution has. Another start of the same one has its own. */
export interface KeptLease {
  readonly key: string;
  readonly holder: string;
  /** Called once if the store says that it is not held any more. */
  readonly onLost: () => void;
}

/** Renews the leases of all runs in this process: one timer, however many there are, and none while there are none. */
export class LeaseKeeper {
  private readonly kept = new Set<KeptLease>();
  private armed = false;
  private renewing: Promise<void> | undefined;

  /** @param locks of the store, once it is open. */
  constructor(
    private readonly locks: () => Pick<LockStore, 'extend'>,
    private readonly clock: Clock,
    /** Milliseconds that a lease lasts. */
    private readonly ttl: number,
  ) {}

  keep(lease: KeptLease): void {
    this.kept.add(lease);
    this.arm();
  }

  /** Renews it no more. Resolves when no renewal is under way. */
  async drop(lease: KeptLease): Promise<void> {
    this.kept.delete(lease);
    await this.renewing;
  }

  private arm(): void {
    if (this.armed || this.kept.size === 0) return;
    this.armed = true;
    // Twice in the life of a lease may a renewal come to nothing.
    this.clock.after(this.ttl / 3, () => void this.tick(), false);
  }

  private async tick(): Promise<void> {
    this.renewing = this.renewAll();
    await this.renewing;
    this.renewing = undefined;
    this.armed = false;
    this.arm();
  }

  private async renewAll(): Promise<void> {
    await Promise.all([...this.kept].map((lease) => this.renew(lease)));
  }

  private async renew(lease: KeptLease): Promise<void> {
    try {
      if (await this.locks().extend(lease.key, lease.holder, this.ttl)) return;
    } catch {
      // The store is away: no other gets the lease from it either. The next tick asks again.
      return;
    }
    if (this.kept.delete(lease)) lease.onLost();
  }
}
