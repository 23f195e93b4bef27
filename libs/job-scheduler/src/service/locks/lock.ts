import type { Clock, ClockTimer } from '../../common/clock.js';
import { floating } from '../../common/promises.js';
import type { Duration } from '../../common/duration.js';
import { LockLostError } from '../../errors/lock-errors.js';
import { lockTime } from './check-lock.js';

/** A lock that this process holds, for a time. */
export interface Lock {
  readonly key: string;
  /** Larger than that of every earlier holder: let what the lock guards refuse writes that come with a smaller one. */
  readonly fence: number;
  /** Aborts when the lock is lost, with a LockLostError as its reason; not when it is released. */
  readonly signal: AbortSignal;
  /**
   * Holds the lock for `ttl` from now on.
   * @returns `false`: it was lost, or released. It cannot be had back.
   * @throws LockOptionsError, StoreUnavailableError
   */
  extend(ttl: Duration): Promise<boolean>;
  /** Gives the lock to the next in line. Safe to call twice, and after it was lost. @throws StoreUnavailableError */
  release(): Promise<void>;
}

/** What a lock does in the store. */
export interface LockCalls {
  extend(ttl: number): Promise<boolean>;
  release(): Promise<void>;
  /** It is held no more. */
  onEnd(lock: HeldLock): void;
}

/** Counts the time by itself, too: a store that is away cannot say that it has run out. */
export class HeldLock implements Lock {
  private readonly lost = new AbortController();
  private timer: ClockTimer | undefined;
  private endsAt = 0;
  private ended = false;
  private releasing: Promise<void> | undefined;

  constructor(
    readonly key: string,
    readonly fence: number,
    /** When the store was asked for it: its time may have begun then. */
    since: number,
    ttl: number,
    private readonly clock: Clock,
    private readonly calls: LockCalls,
  ) {
    this.countFrom(since, ttl);
  }

  get signal(): AbortSignal {
    return this.lost.signal;
  }

  get isHeld(): boolean {
    return !this.ended;
  }

  /** Milliseconds that it is still held at least. */
  get left(): number {
    return this.ended ? 0 : this.endsAt - this.clock.now();
  }

  /** Not awaited where a timer calls it: should it fail, the signal tells when the time is over. */
  extend(ttl: Duration): Promise<boolean> {
    return floating(this.holdFor(ttl));
  }

  release(): Promise<void> {
    this.end();
    // Should it fail, the lock ends by itself.
    this.releasing ??= floating(
      this.freeLease().catch((error: unknown) => {
        this.releasing = undefined;
        throw error;
      }),
    );
    return this.releasing;
  }

  lose(why: string): void {
    if (this.ended) return;
    this.end();
    this.lost.abort(new LockLostError(this.key, why));
  }

  private async holdFor(ttl: Duration): Promise<boolean> {
    const ms = lockTime(ttl);
    if (this.ended) return false;
    const since = this.clock.now();
    const isExtended = await this.calls.extend(ms);
    if (!isExtended) this.lose('its time ran out, or it was taken away');
    // The answer came after the time had run out here: the caller has gone on.
    else if (this.ended) await this.freeLease();
    else this.countFrom(since, ms);
    return this.isHeld;
  }

  private async freeLease(): Promise<void> {
    await this.calls.release();
  }

  private end(): void {
    if (this.ended) return;
    this.ended = true;
    this.timer?.cancel();
    this.calls.onEnd(this);
  }

  private countFrom(since: number, ttl: number): void {
    this.timer?.cancel();
    this.endsAt = since + ttl;
    this.timer = this.clock.after(
      this.endsAt - this.clock.now(),
      () => this.lose(`it was not extended within ${ttl} ms`),
      false,
    );
  }
}
