import { StoreUnavailableError } from '../errors/store-errors.js';
import type { Store } from '../store/ports/ports.js';
import { guardStore } from '../store/store-guard.js';

/** Of more calls, the others wait: each turn of the event loop is short then. */
const MOST_UNDER_WAY = 250;

interface Waiting {
  readonly goOn: () => void;
  readonly giveUp: (error: Error) => void;
}

/**
 * Calls to the store, of which so many at most are under way. A call that waits for its turn costs little: any number may
 * be made at once. When the store is silent, those that wait are given up together with those that were sent.
 */
export class CallLine {
  private free = MOST_UNDER_WAY;
  private waiting: Waiting[] = [];
  /** In `waiting`: those before it have had their turn. */
  private first = 0;

  /** @throws what `call` throws; StoreUnavailableError as `guardStore` */
  async run<T>(store: Store, call: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((goOn, giveUp) => this.waiting.push({ goOn, giveUp }));
    try {
      return await guardStore(store, call);
    } catch (error) {
      if (error instanceof StoreUnavailableError && store.turns.isSilent) this.giveUpAll(error);
      throw error;
    } finally {
      this.leave();
    }
  }

  private leave(): void {
    const next = this.waiting[this.first];
    if (!next) {
      this.giveUpAll();
      this.free += 1;
      return;
    }
    this.first += 1;
    if (this.first > this.waiting.length / 2 && this.first > 1_000) {
      this.waiting = this.waiting.slice(this.first);
      this.first = 0;
    }
    next.goOn();
  }

  private giveUpAll(error?: Error): void {
    const waiting = this.waiting.slice(this.first);
    this.waiting = [];
    this.first = 0;
    if (error) for (const each of waiting) each.giveUp(error);
  }
}
