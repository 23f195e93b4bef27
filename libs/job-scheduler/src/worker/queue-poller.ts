import type { ClockTimer } from '../common/clock.js';
import type { FetchResult } from './fetch-result.js';
import type { WakeUp } from './bull-worker.js';
import { toError } from './store-faults.js';
import { LastingErrors } from './lasting-errors.js';
import type { FetchTrigger, QueuePollerOptions } from './fetch-trigger.js';

/** Seconds. Replaces a marker that was lost with the process that popped it. */
const POLL_INTERVAL = 5;
/** BullMQ promotes no delayed job while a rate limit lasts; milliseconds. */
const LONGEST_LIMIT = 30_000;
const FIRST_BACKOFF = 100;
const LONGEST_BACKOFF = 5_000;
/** Markers in a row that brought no job, before the next is waited for more slowly. */
const MOST_EMPTY_WAKES = 10;
const EMPTY_WAKE_PAUSE = 50;
/** An operation that takes longer than this, in milliseconds, is stuck. */
const STUCK_AFTER = 15_000;

/**
 * What is known of one queue: whether it may have work, and what triggers the next fetch.
 *
 * A queue that may have work is asked, at first by one fetch, then by ever more while they find jobs. One that was found
 * empty is waited on instead, with timers of our own for what is due later: the store's own blocking is late by up to 100 ms.
 */
export class QueuePoller {
  /** Fetches under way. */
  fetching = 0;
  /** It is worth asking. */
  mayHaveWork = true;
  /** It must not be asked, whatever it has: a rate limit, or the store is away. */
  isHeld = false;
  private hasWork = true;
  private allowed = 1;
  /** Counts triggers, so that the answer to an older fetch does not count as an answer to a newer trigger. */
  private triggers = 0;
  private waiting = false;
  private emptyWakes = 0;
  private failures = 0;
  private dueAt = Infinity;
  private holdTimer: ClockTimer | undefined;
  private dueTimer: ClockTimer | undefined;
  private pauseTimer: ClockTimer | undefined;
  private stopped = false;
  private waitingSince = 0;
  /** Since when the store owes an answer to a fetch. */
  private askedSince = 0;
  private lastAnswer: number;
  private readonly errors = new LastingErrors();

  constructor(private readonly options: QueuePollerOptions) {
    this.lastAnswer = options.clock.now();
  }

  /** It may be asked once more at this moment. */
  get mayAsk(): boolean {
    return this.mayHaveWork && this.fetching < this.allowed;
  }

  /** False when the store has not answered for so long that something must be wrong. */
  get isAlive(): boolean {
    const now = this.options.clock.now();
    const askedFor = this.fetching > 0 ? now - this.askedSince : 0;
    const waitedFor = this.waiting ? now - this.waitingSince : 0;
    const isStuck = Math.max(askedFor, waitedFor) > STUCK_AFTER;
    const isFailing = this.failures > 0 && now - this.lastAnswer > STUCK_AFTER;
    return !this.stopped && !isStuck && !isFailing;
  }

  /** The store has refused to hand out jobs, or to wait for them, for some time. */
  get hasTrouble(): boolean {
    return this.errors.isLasting(this.options.clock.now());
  }

  /** A fetch begins. Give the ticket to `answered` or `failed`. */
  ask(): number {
    if (this.fetching++ === 0) this.askedSince = this.options.clock.now();
    return this.triggers;
  }

  /** A fetch has ended. */
  answered(result: FetchResult, ticket: number): void {
    this.ended();
    this.works();
    this.errors.answered('fetch');
    if (result.job) {
      this.emptyWakes = 0;
      this.setWork(true);
      this.allowed = Math.min(this.options.most, this.allowed * 2);
      return;
    }
    this.allowed = 1;
    if (result.limitedFor > 0) return this.hold(Math.min(result.limitedFor, LONGEST_LIMIT), 'due');
    // A trigger that came while the fetch was under way may be for a job that it did not see.
    if (!result.isEmpty || ticket !== this.triggers) return this.setWork(true);
    this.setDue(result.dueAt > 0 ? result.dueAt : Infinity);
    this.rest();
  }

  /** A fetch has failed. */
  failed(error: Error): void {
    this.ended();
    this.errors.failed('fetch', this.options.clock.now());
    this.backOff(error);
  }

  /** A fetch has not reached the store, by no fault of the queue: others may ask meanwhile. */
  unasked(): void {
    this.ended();
    if (!this.stopped) this.options.onWake('poll');
  }

  /** The queue was looked at and has no work. */
  sawNothing(ticket: number): void {
    if (ticket === this.triggers) this.rest();
  }

  /** This process does not know a job that the queue has: others fetch first. */
  giveWay(ms: number): void {
    // What holds already holds for another reason, or for this one.
    if (!this.isHeld) this.hold(ms, 'due');
  }

  /** For `sawNothing`. */
  get ticket(): number {
    return this.triggers;
  }

  /** No further triggers. */
  stop(): void {
    this.stopped = true;
    this.setWork(false);
    for (const timer of [this.holdTimer, this.dueTimer, this.pauseTimer]) timer?.cancel();
  }

  private ended(): void {
    this.fetching--;
    this.askedSince = this.options.clock.now();
  }

  /** The queue is empty: from here on we wait for a trigger. */
  private rest(): void {
    this.setWork(false);
    if (this.emptyWakes < MOST_EMPTY_WAKES) return this.startWaiting();
    // PostgreSQL wakes us at once for jobs that may not start yet.
    this.pauseTimer?.cancel();
    this.pauseTimer = this.options.clock.after(EMPTY_WAKE_PAUSE, () => this.startWaiting());
  }

  private startWaiting(): void {
    if (this.waiting || this.stopped || this.hasWork) return;
    this.waiting = true;
    this.waitingSince = this.options.clock.now();
    void this.wait();
  }

  private async wait(): Promise<void> {
    try {
      this.waited(await this.options.wait(POLL_INTERVAL));
    } catch (error) {
      await this.waitFailed(toError(error));
    }
  }

  private waited(wakeUp: WakeUp | undefined): void {
    this.waiting = false;
    if (this.stopped) return;
    this.works();
    this.errors.answered('wait');
    if (!wakeUp) return this.wake('poll');
    if (wakeUp.dueAt > 0) {
      this.setDue(Math.min(this.dueAt, wakeUp.dueAt));
      if (!this.hasWork) this.startWaiting();
      return;
    }
    this.emptyWakes = this.options.clock.now() - this.waitingSince > EMPTY_WAKE_PAUSE ? 0 : this.emptyWakes + 1;
    this.wake('marker');
  }

  private async waitFailed(error: Error): Promise<void> {
    this.waiting = false;
    if (this.stopped) return;
    this.errors.failed('wait', this.options.clock.now());
    this.backOff(error);
    try {
      await this.options.recover();
    } catch (thrown) {
      if (!this.stopped) this.options.onError(toError(thrown));
    }
  }

  private wake(wake: FetchTrigger): void {
    if (this.stopped) return;
    if (wake !== 'poll') this.triggers++;
    if (!this.hasWork) this.allowed = 1;
    this.setWork(true);
    this.options.onWake(wake);
  }

  private setDue(at: number): void {
    if (at === this.dueAt && this.dueTimer) return;
    this.dueTimer?.cancel();
    this.dueTimer = undefined;
    this.dueAt = at;
    if (at === Infinity || this.stopped) return;
    // BullMQ's times are whole milliseconds, timers may be early by a part of one.
    this.dueTimer = this.options.clock.after(Math.max(1, at - this.options.clock.now()), () => {
      this.dueTimer = undefined;
      this.dueAt = Infinity;
      this.wake('due');
    });
  }

  private backOff(error: Error): void {
    this.allowed = 1;
    if (this.stopped) return;
    if (!this.isHeld) {
      const delay = Math.min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** this.failures++);
      this.hold(delay, 'poll');
    }
    this.options.onError(error);
  }

  private hold(ms: number, wake: FetchTrigger): void {
    if (this.stopped) return;
    this.holdTimer?.cancel();
    this.isHeld = true;
    this.setWork(true);
    this.holdTimer = this.options.clock.after(ms, () => {
      this.isHeld = false;
      this.wake(wake);
    });
  }

  private setWork(hasWork: boolean): void {
    this.hasWork = hasWork;
    const mayHaveWork = hasWork && !this.isHeld;
    if (mayHaveWork === this.mayHaveWork) return;
    this.mayHaveWork = mayHaveWork;
    this.options.onChange(mayHaveWork);
  }

  private works(): void {
    this.failures = 0;
    this.lastAnswer = this.options.clock.now();
  }
}
