import type { JobDefinition } from '../../definition/job-definition.js';
import type { LockAnswer } from '../../store/ports/lock-store.js';
import { isFirstStart, type QueuedExecution } from '../../store/codecs/queued-execution.js';
import type { KeptLease, LeaseKeeper } from './lease-keeper.js';
import type { Outcome } from '../outcome/outcome.js';
import { limitsOf, type RunLimits } from './run-limits.js';
import { holderOf, keysOf, type RunLeases, runnerOf, successorKey } from './run-leases.js';
import { ReplacePolicy } from './replace-policy.js';

/** Why an execution may not run now. */
export type Refusal =
  | { readonly kind: 'skipped' }
  | { readonly kind: 'replaced' }
  /** It looks again after so many milliseconds, or as soon as it is its turn. */
  | { readonly kind: 'parked'; readonly delay: number };

/** Asks the store until it answers, or the attempt is over. */
export type Insist = <T>(ask: () => Promise<T>) => Promise<T>;

export interface OverlapGuardServices {
  readonly leases: RunLeases;
  readonly keeper: LeaseKeeper;
  /** Milliseconds that a run which is replaced gets to end. */
  readonly shutdownTimeout: number;
}

/** Who waits looks again so long after a lease would end, in milliseconds: the release is the usual way. */
const MARGIN = 250;
/** Those far behind in the line look less often: each so many places by one lease more, at most that often. */
const NEAR = 10;
const FARTHEST = 10;
/** How long a retry may take to start, when its time has come, without losing its lease; in milliseconds. */
const LATE_START = 5_000;
/** How long a place in the line outlasts the time at which its owner was to look again, in milliseconds. */
const PLACE_GRACE = 60_000;

type Slots = { readonly key: string; readonly slots: number };

interface Held extends KeptLease {
  readonly fence: number;
}

/** One start of an execution whose job may not overlap, or may only run so often at once: from asking to giving back. */
export class OverlapGuard {
  /** Grows with every start under this key. Undefined while there is no lease. */
  fence: number | undefined;
  /** The store says that a lease is not held any more. */
  isLost = false;

  private readonly holder: string;
  private limits: RunLimits | undefined;
  private readonly held = new Map<string, Held>();
  private readonly lined = new Set<string>();
  private parked: (Slots & { readonly place: number }) | undefined;
  private entering: Promise<unknown> | undefined;

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
   * @throws JobKeyError; what `insist` throws.
   */
  enter(insist: Insist): Promise<Refusal | undefined> {
    const entering = this.ask(insist);
    this.entering = entering.catch(() => undefined);
    return entering;
  }

  /** The outcome, with what becomes of the leases once it has been told. */
  seal(outcome: Outcome): Outcome {
    return { ...outcome, afterTold: (told) => this.leave(outcome, told) };
  }

  private get isFirst(): boolean {
    return isFirstStart(this.started);
  }

  private async ask(insist: Insist): Promise<Refusal | undefined> {
    this.limits = limitsOf(this.definition, this.started);
    const { overlap, cap } = this.limits;
    const refusal = overlap && (await this.enterOverlap(overlap, insist));
    return refusal ?? (cap && this.enterCap(cap, insist));
  }

  private async enterCap({ key, slots }: Slots, insist: Insist): Promise<Refusal | undefined> {
    const answer = await this.askFor(key, slots, insist);
    return answer.held ? undefined : this.park({ key, slots }, answer);
  }

  private async enterOverlap(
    { key, policy }: NonNullable<RunLimits['overlap']>,
    insist: Insist,
  ): Promise<Refusal | undefined> {
    const skips = policy === 'skip' && this.isFirst;
    const line = skips ? 0 : undefined;
    let answer = await this.askFor(key, 1, insist, line);
    if (!answer.held && (await insist(() => this.freeEnded(key, answer)))) {
      answer = await insist(() => this.acquire(key, 1, line));
    }
    if (!answer.held && policy === 'replace') return this.succeed(key, answer, insist);
    if (answer.held) {
      if (policy === 'replace' && !this.isFirst) await insist(() => this.release(successorKey(key)));
      return undefined;
    }
    return skips ? { kind: 'skipped' } : this.park({ key, slots: 1 }, answer);
  }

  private async succeed(
    key: string,
    answer: LockAnswer & { held: false },
    insist: Insist,
  ): Promise<Refusal | undefined> {
    const { leases, shutdownTimeout } = this.services;
    const succession = new ReplacePolicy(leases, this.started, key, shutdownTimeout);
    this.lined.add(successorKey(key));
    const found = await insist(() => succession.claim(answer.holders));
    if (found.kind === 'replaced') return found;
    const again = await insist(() => this.acquire(key, 1));
    if (again.held) {
      await insist(() => this.release(successorKey(key)));
      return undefined;
    }
    return this.park({ key, slots: 1 }, { ...again, freeIn: Math.min(again.freeIn || Infinity, found.patience) });
  }

  private async askFor(key: string, slots: number, insist: Insist, line?: number): Promise<LockAnswer> {
    const answer = await insist(() => this.acquire(key, slots, line));
    if (answer.held || answer.freeIn > 0) return answer;
    await insist(() => this.services.leases.tellLine(key));
    return insist(() => this.acquire(key, slots, line));
  }

  /** @param line 0: no place in the line. */
  private async acquire(key: string, slots: number, line = this.line): Promise<LockAnswer> {
    const answer = await this.services.leases.acquire(key, this.holder, slots, line);
    if (!answer.held) {
      if (line > 0) this.lined.add(key);
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

  /** A run that has ended while its release is still under way, or was lost, is in nobody's way. */
  private async freeEnded(key: string, answer: LockAnswer): Promise<boolean> {
    const [holder, ...others] = answer.held ? [] : answer.holders;
    if (holder === undefined || others.length > 0) return false;
    const { leases } = this.services;
    const { queue, id } = runnerOf(holder);
    if (await leases.others.isGoingOn(queue, id)) return false;
    await leases.release(key, holder);
    return true;
  }

  private get line(): number {
    return (this.services.leases.ttl + MARGIN) * FARTHEST + PLACE_GRACE;
  }

  private park({ key, slots }: Slots, { freeIn, place }: { freeIn: number; place: number }): Refusal {
    this.parked = { key, slots, place };
    const { ttl } = this.services.leases;
    const lease = Math.min(freeIn || ttl, ttl);
    const rounds = Math.min(1 + Math.floor(Math.max(0, place) / (NEAR * slots)), FARTHEST);
    return { kind: 'parked', delay: (lease + MARGIN) * rounds };
  }

  private async leave(outcome: Outcome, told: boolean): Promise<void> {
    // A lease that is given after it was given back would stay.
    await this.entering;
    const { keeper } = this.services;
    await Promise.all([...this.held.values()].map((lease) => keeper.drop(lease)));
    if (!told || this.isLost) return;
    switch (outcome.kind) {
      case 'lost':
        return;
      case 'retry':
        return this.keepThrough(outcome.delay);
      case 'release':
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
    if (cap && this.held.has(cap.key)) await this.services.leases.surely(() => this.release(cap.key));
  }

  private async afterParking(delay: number): Promise<void> {
    const { leases } = this.services;
    const { key, slots, place } = this.parked!;
    await Promise.all([...this.held.keys()].map((kept) => this.extendThrough(kept, delay)));
    // The lease may have been given back between our asking and our parking: then nobody could promote us.
    await leases.surely(async () => {
      const taken = (await leases.locks.holders(key)).length;
      const { queue, id, fence } = this.started;
      if (place < slots - taken) await leases.others.promote(queue, id, fence);
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
    const keys = new Set([...this.held.keys(), ...this.lined, ...(this.isFirst ? [] : this.keysOfEarlierStarts())]);
    for (const key of keys) await leases.surely(() => this.release(key));
  }

  private keysOfEarlierStarts(): readonly string[] {
    try {
      return keysOf(this.limits ?? limitsOf(this.definition, this.started));
    } catch {
      // A key function that throws: it has no lease.
      return [];
    }
  }

  /** Once it has been told, the execution may have started again: then the lease is that start's. */
  private release(key: string): Promise<void> {
    return this.services.leases.release(key, this.holder, this.held.get(key)?.fence);
  }
}
