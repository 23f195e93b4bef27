import { NotStartedError } from '../errors/store-errors.js';
import type { Store } from './ports.js';

/** The module's store: opened at bootstrap, closed at shutdown, asked for in between. */
export class StoreHolder {
  private current: Store | undefined;
  private stopped = false;

  /** @throws NotStartedError before bootstrap and after shutdown; `action` is for its message. */
  require(action: string): Store {
    if (!this.current) throw new NotStartedError(action, this.stopped ? 'stopped' : 'starting');
    return this.current;
  }

  get isOpen(): boolean {
    return this.current !== undefined;
  }

  set(store: Store): void {
    this.current = store;
  }

  async close(): Promise<void> {
    const store = this.current;
    this.current = undefined;
    this.stopped = true;
    await store?.close();
  }
}
