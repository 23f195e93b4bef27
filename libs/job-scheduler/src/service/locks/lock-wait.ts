import type { Clock, ClockTimer } from '../../common/clock.js';
import { settlesWithin } from '../../common/promises.js';
import { LockTimeoutError } from '../../errors/lock-errors.js';
import { StoreUnavailableError } from '../../errors/store-errors.js';
import type { Notifier } from '../../store/ports/notifier.js';
import type { LockAnswer } from '../../store/ports/lock-store.js';
import type { HeldLock } from './lock.js';
import type { LockWaitQueue, LockWaiter } from './lock-wait-queue.js';

/** How long a waiter's place holds, in milliseconds: that of a process that died is in the way for as long. */
const PLACE = 6_000;
/** Waiters are told when it is their turn, and look for themselves this often, in milliseconds: the first one and the others. */
const FIRST_LOOKS = 1_000;
const OTHERS_LOOK = 2_000;
/** While a lease is free that somebody before has not taken yet, in milliseconds. */
const LOOK_SOON = 200;
/** How long leaving the line may hold up a caller that gives up, in milliseconds. */
const LEAVE_WITHIN = 1_000;

export interface LockWaitParts {
  readonly key: string;
  readonly holder: string;
  readonly clock: Clock;
  readonly line: LockWaitQueue;
  readonly signals: Notifier;
  /** Asks for the lock, and for a place in the line for this many milliseconds. */
  ask(place: number): Promise<{ lock?: HeldLock; answer: LockAnswer }>;
  /** Gives the place in the line back. */
  leave(): Promise<void>;
}

/** One waiting for a lock: from the first ask until it has the lock, or gives up and has left the line. */
export class LockWait {
  private readonly ending = new AbortController();

  constructor(private readonly parts: LockWaitParts) {}

  /** Gives up. */
  end(reason: unknown): void {
    this.ending.abort(reason);
  }

  /** @throws LockTimeoutError, the reason of `signal`, or with what `end` was called; what the first ask fails with. */
  async run(timeout: number | undefined, signal: AbortSignal | undefined): Promise<HeldLock> {
    signal?.throwIfAborted();
    const { signal: ending } = this.ending;
    const onAbort = () => this.end(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    const ended = new Promise<void>((resolve) => ending.addEventListener('abort', () => resolve()));
    const late = this.lateness(timeout);

    const standing = this.stand(late.start);
    try {
      const lock = await Promise.race([standing, ended]);
      if (lock) return lock;
      await settlesWithin(this.giveUp(standing), this.parts.clock, LEAVE_WITHIN);
      throw ending.reason;
    } catch (error) {
      // The store is away: whether it has heard of it or not, the wait is over.
      if (!ending.aborted) void this.giveUp(standing);
      throw error;
    } finally {
      late.cancel();
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Stands in line until it has the lock, or until the end. */
  private async stand(onFirstAnswer: () => void): Promise<HeldLock | undefined> {
    const { line, signals, holder } = this.parts;
    const { signal: ending } = this.ending;
    const waiter = line.enter(holder);
    ending.addEventListener('abort', () => waiter.wake());
    try {
      const first = await this.parts.ask(PLACE);
      if (first.lock) return first.lock;
      onFirstAnswer();
      // It asks once more when it listens: what was told meanwhile is not missed.
      await line.listen(signals);
      while (!ending.aborted) {
        const lock = await this.askAgain(waiter);
        if (lock) return lock;
      }
      return undefined;
    } finally {
      line.leave(holder);
    }
  }

  /** Asks, and pauses until the next time if it is in vain. */
  private async askAgain(waiter: LockWaiter): Promise<HeldLock | undefined> {
    let pause = FIRST_LOOKS;
    try {
      const { lock, answer } = await this.parts.ask(PLACE);
      if (lock) return lock;
      pause = pauseAfter(answer);
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
    }
    await waiter.pause(this.parts.clock, pause);
    return undefined;
  }

  /** Leaves when the last answer is there: it may have brought the lock after all. Never rejects. */
  private async giveUp(standing: Promise<HeldLock | undefined>): Promise<void> {
    try {
      const lock = await standing.catch(() => undefined);
      await (lock ? lock.release() : this.parts.leave());
    } catch {
      // A store that is away forgets place and lease by itself, in time.
    }
  }

  /** It counts from now on, but is not told before the first answer: a timeout of zero asks once. */
  private lateness(timeout: number | undefined): { start: () => void; cancel: () => void } {
    const { clock, key } = this.parts;
    const since = clock.now();
    let timer: ClockTimer | undefined;
    const start = () => {
      if (timeout === undefined) return;
      timer = clock.after(timeout - (clock.now() - since), () => this.end(new LockTimeoutError(key, timeout)));
    };
    return { start, cancel: () => timer?.cancel() };
  }
}

/** Milliseconds until a waiter looks for itself. */
function pauseAfter(answer: LockAnswer): number {
  if (answer.held) return 0;
  if (answer.freeIn === 0) return LOOK_SOON;
  return answer.place === 0 ? Math.min(answer.freeIn + 1, FIRST_LOOKS) : OTHERS_LOOK;
}
