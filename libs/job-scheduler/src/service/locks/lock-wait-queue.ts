import type { Clock } from '../../common/clock.js';
import type { Notifier } from '../../store/ports/notifier.js';

/** Messages are JSON lists of those who may ask again. */
const TOPIC = 'locks';

/** Somebody who waits for a turn. */
export class LockWaiter {
  private wakeUp = new AbortController();

  /** Also counts if it is not pausing right now: then its next pause is none. */
  wake(): void {
    this.wakeUp.abort();
  }

  async pause(clock: Clock, ms: number): Promise<void> {
    await clock.sleep(ms, this.wakeUp.signal);
    this.wakeUp = new AbortController();
  }
}

/** Tells those who wait for locks, in this process and in others, that it is their turn. */
export class LockWaitQueue {
  private readonly waiters = new Map<string, LockWaiter>();
  private listening: Promise<() => Promise<void>> | undefined;

  enter(holder: string): LockWaiter {
    const waiter = new LockWaiter();
    this.waiters.set(holder, waiter);
    return waiter;
  }

  leave(holder: string): void {
    this.waiters.delete(holder);
  }

  /** Resolves when messages of others are heard, or cannot be heard: waiters also look for themselves. */
  async listen(signals: Notifier): Promise<void> {
    this.listening ??= signals.subscribe(
      TOPIC,
      (message) => this.wake(readHolders(message)),
      // What was missed may have been for any of them.
      () => this.wake([...this.waiters.keys()]),
    );
    const { listening } = this;
    await listening.catch(() => {
      if (this.listening === listening) this.listening = undefined;
    });
  }

  async tell(signals: Notifier, next: readonly string[]): Promise<void> {
    const elsewhere = next.filter((holder) => !this.waiters.has(holder));
    this.wake(next);
    if (elsewhere.length === 0) return;
    // A message that is lost costs time only.
    await signals.publish(TOPIC, JSON.stringify(elsewhere)).catch(() => undefined);
  }

  async close(): Promise<void> {
    const { listening } = this;
    this.listening = undefined;
    await listening?.then((end) => end()).catch(() => undefined);
  }

  private wake(holders: readonly string[]): void {
    for (const holder of holders) this.waiters.get(holder)?.wake();
  }
}

/** Empty for another version's, or rubbish. */
function readHolders(message: string): readonly string[] {
  try {
    const holders: unknown = JSON.parse(message);
    return Array.isArray(holders) ? (holders as string[]) : [];
  } catch {
    return [];
  }
}
