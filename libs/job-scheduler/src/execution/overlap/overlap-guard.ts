import type { JobDefinition } from '../../definition/job-definition.js';
import type { LockAnswer } from '../../store/ports/lock-store.js';
import { isFirstStart, type QueuedExecution } from '../../store/codecs/queued-execution.js';
import type { KeptLease, LeaseKeeper } from './lease-keeper.js';
import type { Outcome } from '../outcome/outcome.js';
import type { RetryUntilAnswered } from '../retry-until-answered.js';
import { limitsOf, type RunLimits } from './run-limits.js';
import { holderOf, keysOf, type RunLeases, runnerOf, successorKey } from './run-leases.js';
import { ReplacePolicy } from './replace-policy.js';

/** Why an execution may not run now. */
export type Refusal =
  | { readonly kind: 'skipped' }
  | { readonly kind: 'replaced' }
  /** It looks again after so many milliseconds, or as soon as it is its turn. */
  | { readonly kind: 'parked'; readonly delay: number };

export interface OverlapGuardServices {
  readonly leases: RunLeases;
  readonly keeper: LeaseKeeper;
  /** Milliseconds that a run which is replaced gets to end. */
  readonly shutdownTimeout: number;
}

/** An execution that waits looks again so long after a lease would end, in milliseconds: the release is the usual way. */
const MARGIN = 250;
/** Those far back in the queue of waiters look less often: each so many places by one lease more, at most that often. */
const NEAR = 10;
const FARTHEST = 10;
/** How long a retry may take to start, when its time has come, without losing its lease; in milliseconds. */
const LATE_START = 5_000;
/** How long a place among the waiters outlasts the time of its owner's next look, in milliseconds. */
const PLACE_GRACE = 60_000;

type Slots = { readonly key: string; readonly slots: number };

interface Held extends KeptLease {
  readonly fence: number;
}

/** One start of an execution whose job may not overlap, or may only run so often at once: from the request to the release. */
export class OverlapGuard {
  /** Grows with every start under this key. Undefined while there is no lease. */
  fence: number | undefined;
  /** The store says that a lease is not held any more. */
  isLost = false;

  private readonly holder: string;
  private limits: RunLimits | undefined;
  private readonly held = new Map<string, Held>();
  private readonly waitingFor = new Set<string>();
  private parked: (Slots & { readonly place: number }) | undefined;
  private acquiring: Promise<unknown> | undefined;

  constructor(
    private readonly services: OverlapGuardServices,
    private readonly definition: JobDefinition,
    private readonly started: QueuedExecution,
    private readonly onLost: () => void,
  ) {
    this.holder = holderOf(started);
  }

  /**
   * Asks for the leases.
   * @returns undefined: it may run.
   * @throws JobKeyError; what `retry` throws.
   */
  acquire(retry: RetryUntilAnswered): Promise<Refusal | undefined> {
    const acquiring = this.acquireAll(retry);
    this.acquiring = acquiring.catch(() => undefined);
    return acquiring;
  }

  private get isFirst(): boolean {
    return isFirstStart(this.started);
  }

  private async acquireAll(retry: RetryUntilAnswered): Promise<Refusal | undefined> {
    this.limits = limitsOf(this.definition, this.started);
    const { overlap, cap } = this.limits;
    const refusal = overlap && (await this.acquireOverlap(overlap, retry));
    if (refusal || !cap) return refusal;
    const answer = await this.acquireOrPromote(cap.key, cap.slots, retry);
    return answer.held ? undefined : this.park(cap, answer);
  }

  private async acquireOverlap(
    { key, policy }: NonNullable<RunLimits['overlap']>,
    retry: RetryUntilAnswered,
  ): Promise<Refusal | undefined> {
    const skips = policy === 'skip' && this.isFirst;
    const placeFor = skips ? 0 : undefined;
    let answer = await this.acquireOrPromote(key, 1, retry, placeFor);
    if (!answer.held && (await retry(() => this.freeEnded(key, answer)))) {
      answer = await retry(() => this.acquireLease(key, 1, placeFor));
    }
    if (!answer.held && policy === 'replace') return this.replace(key, answer, retry);
    if (answer.held) {
      if (policy === 'replace' && !this.isFirst) await retry(() => this.releaseLease(successorKey(key)));
      return undefined;
    }
    return skips ? { kind: 'skipped' } : this.park({ key, slots: 1 }, answer);
  }

  private async replace(
    key: string,
    answer: LockAnswer & { held: false },
    retry: RetryUntilAnswered,
  ): Promise<Refusal | undefined> {
    const { leases, shutdownTimeout } = this.services;
    const policy = new ReplacePolicy(leases, this.started, key, shutdownTimeout);
    this.waitingFor.add(successorKey(key));
    const found = await retry(() => policy.claim(answer.holders));
    if (found.kind === 'replaced') return found;
    const again = await retry(() => this.acquireLease(key, 1));
    if (again.held) {
      await retry(() => this.releaseLease(successorKey(key)));
      return undefined;
    }
    return this.park({ key, slots: 1 }, { ...again, freeIn: Math.min(again.freeIn || Infinity, found.leftFor) });
  }

  private async acquireOrPromote(key: string, slots: number, retry: RetryUntilAnswered, placeFor?: number) {
    const answer = await retry(() => this.acquireLease(key, slots, placeFor));
    if (answer.held || answer.freeIn > 0) return answer;
    await retry(() => this.services.leases.promoteNext(key));
    return retry(() => this.acquireLease(key, slots, placeFor));
  }

  /** @param placeFor 0: no place among those that wait. */
  private async acquireLease(key: string, slots: number, placeFor = this.placeFor): Promise<LockAnswer> {
    const answer = await this.services.leases.acquire(key, this.holder, slots, placeFor);
    if (!answer.held) {
      if (placeFor > 0) this.waitingFor.add(key);
      return answer;
    }
    // That of the overlap comes first, and is the narrower one.
    this.fence ??= answer.fence;
    const onLost = () => {
      this.isLost = true;
      this.onLost();
    };
    const lease: Held = { key, holder: this.holder, fence: answer.fence, onLost };
    this.held.set(key, lease);
    this.services.keeper.keep(lease);
    return answer;
  }

  /** A run that has ended while its release is still under way, or was lost, is in no other's way. */
  private async freeEnded(key: string, answer: LockAnswer): Promise<boolean> {
    const [holder, ...others] = answer.held ? [] : answer.holders;
    if (holder === undefined || others.length > 0) return false;
    const { leases } = this.services;
    const { queue, id } = runnerOf(holder);
    if (await leases.others.isGoingOn(queue, id)) return false;
    await leases.release(key, holder);
    return true;
  }

  private get placeFor(): number {
    return (this.services.leases.ttl + MARGIN) * FARTHEST + PLACE_GRACE;
  }

  private park({ key, slots }: Slots, { freeIn, place }: { freeIn: number; place: number }): Refusal {
    this.parked = { key, slots, place };
    const { ttl } = this.services.leases;
    const lease = Math.min(freeIn || ttl, ttl);
    const rounds = Math.min(1 + Math.floor(Math.max(0, place) / (NEAR * slots)), FARTHEST);
    return { kind: 'parked', delay: (lease + MARGIN) * rounds };
  }

  /** What becomes of the leases after the finish. @param isFinished `false`: the execution is no longer ours. */
  async release(outcome: Outcome, isFinished: boolean): Promise<void> {
    // A lease that comes after its release would stay.
    await this.acquiring;
    const { keeper } = this.services;
    await Promise.all([...this.held.values()].map((lease) => keeper.drop(lease)));
    if (!isFinished || this.isLost) return;
    switch (outcome.kind) {
      case 'lost':
        return;
      case 'retry':
        return this.keepThrough(outcome.delay);
      case 'requeue':
        // It starts again soon; if no process is there to start it, its leases end by themselves.
        return this.extend([...this.held.keys()], this.services.leases.ttl);
      case 'snooze':
        if (this.parked) return this.afterParking(outcome.delay);
        // A snooze ends nothing, but may last for days: others run meanwhile, and it waits for its turn again.
        return this.releaseAll();
      default:
        return this.releaseAll();
    }
  }

  /** The lock of the overlap is kept until the retry. The slots of a cap are for runs that run. */
  private async keepThrough(delay: number): Promise<void> {
    const { overlap, cap } = this.limits ?? {};
    if (overlap && this.held.has(overlap.key)) await this.extendThrough(overlap.key, delay);
    if (cap && this.held.has(cap.key)) await this.services.leases.surely(() => this.releaseLease(cap.key));
  }

  private async afterParking(delay: number): Promise<void> {
    const { leases } = this.services;
    const { key, slots, place } = this.parked!;
    await Promise.all([...this.held.keys()].map((kept) => this.extendThrough(kept, delay)));
    // The lease may have been released between our request and our parking: then no release promotes us.
    await leases.surely(async () => {
      const held = (await leases.locks.holders(key)).length;
      const { queue, id, fence } = this.started;
      if (place < slots - held) await leases.others.promote(queue, id, fence);
    });
  }

  private extendThrough(key: string, delay: number): Promise<void> {
    return this.extend([key], delay + this.services.leases.ttl + LATE_START);
  }

  private async extend(keys: readonly string[], ttl: number): Promise<void> {
    const { leases } = this.services;
    await Promise.all(keys.map((key) => leases.surely(() => leases.locks.extend(key, this.holder, ttl))));
  }

  private async releaseAll(): Promise<void> {
    const { leases } = this.services;
    const keys = new Set([
      ...this.held.keys(),
      ...this.waitingFor,
      ...(this.isFirst ? [] : this.keysOfEarlierStarts()),
    ]);
    for (const key of keys) await leases.surely(() => this.releaseLease(key));
  }

  private keysOfEarlierStarts(): readonly string[] {
    try {
      return keysOf(this.limits ?? limitsOf(this.definition, this.started));
    } catch {
      // A key function that throws: it has no lease.
      return [];
    }
  }

  /** After its finish the execution may have started again: then the lease is that start's. */
  private releaseLease(key: string): Promise<void> {
    return this.services.leases.release(key, this.holder, this.held.get(key)?.fence);
  }
}
