import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Clock, type ClockTimer } from '../../common/clock.js';
import type { Duration } from '../../common/duration.js';
import { settlesWithin } from '../../common/promises.js';
import { NotStartedError } from '../../errors/store-errors.js';
import type { LockAnswer } from '../../store/ports/lock-store.js';
import type { Store } from '../../store/ports/ports.js';
import { StoreHolder } from '../../store/store-holder.js';
import { checkLockKey, checkLockWait, checkLockWork, lockTime, type LockWaitOptions } from './check-lock.js';
import { HeldLock, type Lock } from './lock.js';
import { LockWaitQueue } from './lock-wait-queue.js';
import { LockWait } from './lock-wait.js';
import { guardStore } from '../../store/store-guard.js';

/** Keeps users' keys apart from our own. */
const USER_KEYS = 'user:';
/** How long the release may hold up the outcome of work, in milliseconds. */
const RELEASE_WITHIN = 1_000;

interface Wanted {
  readonly store: Store;
  /** As the user calls it. */
  readonly key: string;
  readonly holder: string;
  readonly ttl: number;
}

/**
 * Locks for the whole fleet: one holder of a key at a time, on every store. A lock is a lease: it ends after its time unless
 * it is extended, so that a process that died holds up no other for long. Locks are not re-entrant: a holder that asks again
 * is refused, or waits for itself.
 */
@Injectable()
export class LockService {
  private readonly line = new LockWaitQueue();
  private readonly held = new Set<HeldLock>();
  private readonly waiting = new Map<LockWait, Promise<unknown>>();
  private closed = false;

  constructor(
    private readonly holder: StoreHolder,
    private readonly clock: Clock,
  ) {}

  /**
   * Takes the lock if it is free and no other caller waits for it.
   * @param key 1 to 512 characters, shared by all apps with this store and prefix.
   * @param ttl how long it is held unless it is extended: milliseconds, or a text such as `'30s'`.
   * @returns `undefined`: somebody else has it.
   * @throws LockOptionsError, StoreUnavailableError, NotStartedError
   * @example
   * const lock = await locks.acquire('import', '5m');
   * if (!lock) return;
   */
  async acquire(key: string, ttl: Duration): Promise<Lock | undefined> {
    const { lock } = await this.ask(await this.want('acquire a lock', key, ttl), 0);
    return lock;
  }

  /**
   * Takes the lock as soon as it is free. Waiters of all processes get it in the order in which they came.
   * @param ttl how long it is held, from when it was got, unless it is extended.
   * @param options.timeout how long to wait; default: for ever. `0`: it asks once.
   * @param options.signal ends the waiting when it aborts.
   * @throws LockTimeoutError after `timeout`; the reason of `signal`; NotStartedError when the module stops. The place in
   * the line is left then. StoreUnavailableError when the store is away at the start: later, it waits for the store, too.
   */
  async acquireWait(key: string, ttl: Duration, options: LockWaitOptions = {}): Promise<Lock> {
    return this.wait(key, ttl, options);
  }

  /**
   * Waits for the lock, runs `work` and gives its result, and releases the lock whatever comes of it. It extends the lock
   * while `work` runs. Should the lock be lost all the same, `lock.signal` aborts: `work` is to end then.
   * @param ttl after which the lock ends if this process dies. Some seconds at least: it is extended each third of it.
   * @throws what `work` throws, and what `acquireWait` throws.
   * @example
   * await locks.withLock('import', '30s', ({ signal, fence }) => importAll(signal, fence));
   */
  async withLock<T>(
    key: string,
    ttl: Duration,
    work: (lock: Lock) => T | Promise<T>,
    options: LockWaitOptions = {},
  ): Promise<T> {
    checkLockWork(work);
    const lock = await this.wait(key, ttl, options);
    const stopExtending = this.keepExtending(lock, lockTime(ttl));
    try {
      return await work(lock);
    } finally {
      stopExtending();
      // With a store that is away, the lock ends by itself, in time: the outcome need not wait for that.
      await settlesWithin(lock.release(), this.clock, RELEASE_WITHIN);
    }
  }

  /** Ends all waiting, and releases what is held: its signals abort. */
  async close(): Promise<void> {
    this.closed = true;
    for (const wait of this.waiting.keys()) wait.end(new NotStartedError('wait for a lock', 'stopped'));
    const held = [...this.held];
    for (const lock of held) lock.lose('the job scheduler has stopped');
    await Promise.allSettled([...this.waiting.values(), ...held.map((lock) => lock.release())]);
    await this.line.close();
  }

  private async want(action: string, key: string, ttl: Duration): Promise<Wanted> {
    checkLockKey(key);
    const time = lockTime(ttl);
    if (this.closed) throw new NotStartedError(action, 'stopped');
    const store = await this.holder.open(action);
    if (this.closed) throw new NotStartedError(action, 'stopped');
    return { store, key, ttl: time, holder: `${hostname()}:${process.pid}:${randomUUID()}` };
  }

  private async wait(key: string, ttl: Duration, options: LockWaitOptions): Promise<HeldLock> {
    const { timeout, signal } = checkLockWait(options);
    const wanted = await this.want('wait for a lock', key, ttl);
    const { store, holder } = wanted;
    const wait = new LockWait({
      key,
      holder,
      clock: this.clock,
      line: this.line,
      signals: store.signals,
      ask: (place) => this.ask(wanted, place),
      leave: () => this.release(wanted),
    });
    const running = wait.run(timeout, signal);
    this.waiting.set(wait, running);
    try {
      return await running;
    } finally {
      this.waiting.delete(wait);
    }
  }

  private async ask(wanted: Wanted, place: number): Promise<{ lock?: HeldLock; answer: LockAnswer }> {
    const { store, key, holder, ttl } = wanted;
    const since = this.clock.now();
    const answer = await guardStore(store, () => store.locks.acquire(USER_KEYS + key, holder, { ttl, line: place }));
    if (!answer.held) return { answer };
    const lock = new HeldLock(key, answer.fence, since, ttl, this.clock, {
      extend: (ms) => guardStore(store, () => store.locks.extend(USER_KEYS + key, holder, ms)),
      release: () => this.release(wanted),
      onEnd: (ended) => this.held.delete(ended),
    });
    if (lock.isHeld) this.held.add(lock);
    return { lock, answer };
  }

  private async release({ store, key, holder }: Wanted): Promise<void> {
    const next = await guardStore(store, () => store.locks.release(USER_KEYS + key, holder));
    await this.line.tell(store.signals, next);
  }

  /** @returns ends it. */
  private keepExtending(lock: HeldLock, ttl: number): () => void {
    let timer: ClockTimer | undefined;
    const plan = () => {
      timer = this.clock.after(ttl / 3, () => void extend());
    };
    const extend = async () => {
      // Not if the user has extended it for longer. While the store is away, the lock counts its time by itself.
      if (lock.left < ttl) await lock.extend(ttl).catch(() => undefined);
      if (lock.isHeld) plan();
    };
    plan();
    return () => timer?.cancel();
  }
}
