import type { Clock } from '../../common/clock.js';
import type { JobDefinition } from '../../definition/job-definition.js';
import type { LockStore } from '../../store/ports/lock-store.js';
import type { QueuedExecution } from '../../store/codecs/queued-execution.js';
import { LeaseKeeper } from './lease-keeper.js';
import { isLimited, limitsOf } from './run-limits.js';
import { holderOf, keysOf, type OtherRuns, RunLeases } from './run-leases.js';
import { OverlapGuard, type OverlapGuardServices } from './overlap-guard.js';

export interface OverlapGuardsOptions {
  /** Of the store, once it is open. */
  readonly locks: () => LockStore;
  readonly others: OtherRuns;
  readonly clock: Clock;
  /** Milliseconds. A lease whose process died ends within this. */
  readonly lockDuration: number;
  /** Milliseconds that a run which is replaced gets to end. */
  readonly shutdownTimeout: number;
}

/** Decides, when a job really starts, whether it may run beside the others: `overlap` and `concurrency`. */
export class OverlapGuards {
  private readonly services: OverlapGuardServices;

  constructor({ locks, others, clock, lockDuration, shutdownTimeout }: OverlapGuardsOptions) {
    this.services = {
      leases: new RunLeases(locks, others, clock, lockDuration),
      keeper: new LeaseKeeper(locks, clock, lockDuration),
      shutdownTimeout,
    };
  }

  /** For one start of a job that is limited. @param onLost a lease of it was lost: it must end. */
  guard(definition: JobDefinition, started: QueuedExecution, onLost: () => void): OverlapGuard {
    return new OverlapGuard(this.services, definition, started, onLost);
  }

  /** Releases all leases of an execution that was removed from its queue. Rejects when the store fails. */
  async forget(definition: JobDefinition, started: QueuedExecution): Promise<void> {
    if (!isLimited(definition, started)) return;
    for (const key of keysOf(limitsOf(definition, started))) {
      await this.services.leases.release(key, holderOf(started));
    }
  }
}
