import { NotStartedError } from '../errors/store-errors.js';
import type { Store } from './ports/ports.js';
import { guardStore } from './store-guard.js';

/** The module's store: opened at bootstrap or by an earlier call, closed at shutdown, asked for in between. */
export class StoreHolder {
  private current: Store | undefined;
  private stopped = false;
  private opener: (() => Promise<void>) | undefined;
  private readonly later: (() => void)[] = [];
  /** The last of the calls that wait for it to open. */
  private opening: Promise<void> | undefined;

  /** @throws NotStartedError before bootstrap and after shutdown; `action` is for its message. */
  require(action: string): Store {
    if (!this.current) throw new NotStartedError(action, this.stopped ? 'stopped' : 'starting');
    return this.current;
  }

  /** @param open opens the store, or waits until it is open. */
  openWith(open: () => Promise<void>): void {
    this.opener = open;
  }

  /**
   * For calls before bootstrap: opens the store, unless providers are still being made. Calls go on in the order in which
   * they came, also those that come when the store has just opened; when it cannot be opened, they fail together.
   * @throws errors of the boot
   */
  async ready(): Promise<void> {
    if (this.isReady || this.stopped) return;
    const turn = (this.opening ?? Promise.resolve()).then(() => this.opener?.());
    this.opening = turn;
    try {
      await turn;
    } finally {
      if (this.opening === turn) this.opening = undefined;
    }
  }

  /** As `require`; opens the store first. */
  async open(action: string): Promise<Store> {
    await this.ready();
    return this.require(action);
  }

  /**
   * What `work` gives of the store, which is opened first.
   * @throws NotStartedError, errors of the boot; StoreUnavailableError when the store fails or is silent for 5 s
   */
  async run<T>(action: string, work: (store: Store) => Promise<T>): Promise<T> {
    const store = await this.open(action);
    return guardStore(store, () => work(store));
  }

  /** It is open, and no call that came before waits any more. */
  get isReady(): boolean {
    return this.current !== undefined && this.opening === undefined;
  }

  get isOpen(): boolean {
    return this.current !== undefined;
  }

  set(store: Store): void {
    this.current = store;
    for (const work of this.later.splice(0)) work();
  }

  /** Calls `work` when the store is open: at once if it is. */
  whenOpen(work: () => void): void {
    if (this.current) work();
    else this.later.push(work);
  }

  async close(): Promise<void> {
    const store = this.current;
    this.current = undefined;
    this.stopped = true;
    await store?.close();
  }
}
