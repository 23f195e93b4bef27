import type { Clock } from '../common/clock.js';
import { QueueFullError } from '../errors/queue-errors.js';

/** They are told when there may be room, and look for themselves this often, in milliseconds. */
const LOOK_AGAIN = 500;

interface Waiter {
  /** Whether it is done with, well or not. */
  attempt(): Promise<boolean>;
  end(reason: unknown): void;
}

/**
 * Those in this process who want room in one queue, served one after the other: what two of them ask for at the same time
 * may be granted to the second, when room comes between.
 */
export class CapacityWaiters {
  private readonly waiters: Waiter[] = [];
  private isServing = false;
  private mayHaveRoom = false;
  private readonly pause = { end: () => undefined as void };

  constructor(
    private readonly clock: Clock,
    /** Called with `true` when the first one finds no room, and with `false` when the last wait has ended. */
    private readonly onWaiting: (waiting: boolean) => void,
  ) {}

  /**
   * Adds as soon as there is room, and all who came before are in.
   * @param add throws QueueFullError, and adds nothing, when there is none.
   * @throws the reason of `signal`, unless it was added at that very moment; what `end` was called with; what `add` throws
   */
  async enter<T>(add: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted();
    return this.stand(add, signal);
  }

  get isEmpty(): boolean {
    return this.waiters.length === 0;
  }

  /** There may be room. */
  tell(): void {
    this.mayHaveRoom = true;
    this.pause.end();
  }

  /** Ends all waiting. */
  end(reason: unknown): void {
    for (const waiter of this.waiters.slice()) waiter.end(reason);
  }

  private stand<T>(add: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let isAsking = false;
      let ended: { reason: unknown } | undefined;
      const leave = () => {
        signal?.removeEventListener('abort', onAbort);
        this.remove(waiter);
      };
      const waiter: Waiter = {
        attempt: async () => {
          isAsking = true;
          try {
            resolve(await add());
          } catch (error) {
            if (error instanceof QueueFullError && !ended) return false;
            reject(ended && error instanceof QueueFullError ? ended.reason : error);
          } finally {
            isAsking = false;
          }
          leave();
          return true;
        },
        end: (reason) => {
          ended ??= { reason };
          // What is under way may yet be added, and the caller is to know of it.
          if (isAsking) return;
          reject(ended.reason);
          leave();
        },
      };
      const onAbort = () => waiter.end(signal?.reason);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.waiters.push(waiter);
      void this.serve();
    });
  }

  private remove(waiter: Waiter): void {
    const index = this.waiters.indexOf(waiter);
    if (index >= 0) this.waiters.splice(index, 1);
    if (this.waiters.length === 0) this.pause.end();
  }

  private async serve(): Promise<void> {
    if (this.isServing) return;
    this.isServing = true;
    let isFull = false;
    for (let first = this.waiters[0]; first; first = this.waiters[0]) {
      this.mayHaveRoom = false;
      if (await first.attempt()) continue;
      if (!isFull) this.onWaiting(true);
      isFull = true;
      if (!this.mayHaveRoom && this.waiters.length > 0) await this.pauseForRoom();
    }
    this.isServing = false;
    if (isFull) this.onWaiting(false);
  }

  private pauseForRoom(): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        timer.cancel();
        resolve();
      };
      const timer = this.clock.after(LOOK_AGAIN, end);
      this.pause.end = end;
    });
  }
}
