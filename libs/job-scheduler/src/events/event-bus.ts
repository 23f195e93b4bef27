import { Injectable, Inject } from '@nestjs/common';
import { Observable, share } from 'rxjs';
import { Clock, type ClockTimer } from '../common/clock.js';
import { describeThrown } from '../common/describe-error.js';
import type { JobEvent } from '../definition/job-event.js';
import { outside } from '../common/outside.js';
import { OwnLogger } from '../common/own-logger.js';
import { NotStartedError } from '../errors/store-errors.js';
import { WORKER_ID } from '../options/resolved-options.js';
import type { JobEvents } from './job-events.js';
import { StoreHolder } from '../store/store-holder.js';
import { SubscriberPresence } from './subscriber-presence.js';
import { EventSender } from './event-sender.js';
import { readMessage } from './event-wire.js';
import { storeFault } from '../store/store-guard.js';

export type EventListener = (event: JobEvent) => void;

const TOPIC = 'events';
/** After the store could not be asked who listens, in milliseconds. */
const START_AGAIN = 1_000;

/**
 * Carries events from where they happen to their listeners: to listeners in this process, and through the store to those
 * in the fleet. What came in one turn of the process is passed on after it, so that no job waits for a listener.
 */
@Injectable()
export class EventBus implements JobEvents {
  wanted = false;
  /** The fleet's. */
  readonly all: Observable<JobEvent>;

  private readonly logger = new OwnLogger();
  private readonly listeners = new Set<EventListener>();
  private readonly presence: SubscriberPresence;
  private readonly sender: EventSender;
  private pending: JobEvent[] = [];
  private turn: Promise<void> | undefined;
  private listenings = 0;
  private readonly endings = new Set<() => void>();
  private readonly opening: Promise<void>;
  private opened!: () => void;
  private closed = false;
  private retry: ClockTimer | undefined;

  constructor(
    private readonly holder: StoreHolder,
    private readonly clock: Clock,
    @Inject(WORKER_ID) readonly workerId: string,
  ) {
    const signals = () => holder.require('pass on events').signals;
    this.presence = new SubscriberPresence(signals, clock, () => this.lookForSubscribers());
    this.sender = new EventSender((message) => signals().publish(TOPIC, message), this.logger);
    this.opening = new Promise((resolve) => (this.opened = resolve));
    this.all = new Observable<JobEvent>((subscriber) => {
      const leave = this.listen(subscriber);
      return () => void leave();
    }).pipe(share());
  }

  emit(event: JobEvent): void {
    this.pending.push(event);
    this.turn ??= new Promise((resolve) => {
      setImmediate(() => {
        this.turn = undefined;
        // What listeners log, trace or enqueue is not the doing of whichever job came first.
        outside(() => this.pass());
        resolve();
      });
    });
  }

  /**
   * Tells of something rare that may happen in a process which otherwise tells nothing, and so does not know yet
   * whether anybody listens.
   */
  tell(make: () => JobEvent): void {
    if (this.wanted) return this.emit(make());
    if (this.presence.isKnown) return;
    const event = make();
    void this.presence.find().then(
      () => this.wanted && this.emit(event),
      () => undefined,
    );
  }

  /** `listener` is called with every event of this process. What it throws is logged. @returns ends it. */
  on(listener: EventListener): () => void {
    this.listeners.add(listener);
    this.lookForSubscribers();
    return () => {
      this.listeners.delete(listener);
      this.lookForSubscribers();
    };
  }

  /** The store is open. */
  open(): void {
    this.opened();
  }

  /** This process begins to have events of its own. Never rejects: who listens is then heard of a little later. */
  async start(): Promise<void> {
    try {
      await this.presence.follow();
    } catch (thrown) {
      if (this.closed) return;
      this.logger.debug(`Who listens to events is not known yet: ${describeThrown(thrown).message}`);
      this.retry = this.clock.after(START_AGAIN, () => void this.start(), false);
    }
  }

  /** Resolves when all that has happened was passed on. Never rejects. */
  async settle(): Promise<void> {
    await this.turn;
    await this.sender.whenIdle();
  }

  /** Nothing is told any more, and who listens hears the end. Never rejects. */
  async close(): Promise<void> {
    this.closed = true;
    this.retry?.cancel();
    this.opened();
    await this.settle();
    for (const end of this.endings) end();
    await this.presence.close();
  }

  private pass(): void {
    const events = this.pending;
    this.pending = [];
    for (const event of events) for (const listener of this.listeners) this.call(listener, event);
    if (this.presence.isThere) this.sender.send(events);
  }

  private call(listener: EventListener, event: JobEvent): void {
    try {
      listener(event);
    } catch (thrown) {
      this.logger.error(`A listener to job events threw: ${describeThrown(thrown).message}`);
    }
  }

  private lookForSubscribers(): void {
    this.wanted = this.listeners.size > 0 || this.presence.isThere;
  }

  /** Hears the fleet's events until the returned function is called. */
  private listen(subscriber: {
    next(event: JobEvent): void;
    error(error: unknown): void;
    complete(): void;
  }): () => Promise<void> {
    const id = `${this.workerId}/${++this.listenings}`;
    const begun = outside(() => this.hear(id, (event) => subscriber.next(event)));
    const end = () => subscriber.complete();
    this.endings.add(end);
    begun.catch((error: unknown) => subscriber.error(error));
    return async () => {
      this.endings.delete(end);
      const leave = await begun.catch(() => undefined);
      await Promise.all([this.presence.leave(id), leave?.()]);
    };
  }

  private async hear(id: string, listener: EventListener): Promise<() => Promise<void>> {
    await this.opening;
    if (this.closed) throw new NotStartedError('listen to events', 'stopped');
    const store = this.holder.require('listen to events');
    let leave: (() => Promise<void>) | undefined;
    try {
      leave = await store.signals.subscribe(TOPIC, (message) => {
        for (const event of readMessage(message)) listener(event);
      });
      await this.presence.come(id);
      return leave;
    } catch (error) {
      await leave?.();
      throw storeFault(store, error);
    }
  }
}
