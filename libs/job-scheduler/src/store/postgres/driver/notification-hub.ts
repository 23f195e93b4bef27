import { EventEmitter } from 'node:events';
import type { PgNotification, PgQueryResult, PostgresConnection } from 'bullmq';
import type { Clock } from '../../../common/clock.js';
import { StoreUnavailableError } from '../../../errors/store-errors.js';
import type { Availability } from '../../availability.js';
import type { SqlDriver, SqlListener } from './sql-driver.js';

/** What BullMQ listens on. The names are the same in every schema; the payload is a queue's name. */
const CHANNELS = ['bullmq_jobs', 'bullmq_events'] as const;

/** What every channel of our own messages begins with. */
export const SIGNAL_CHANNEL = 'njs_';

/** How long a worker waits for a connection that is being rebuilt, before it may try again or end, in milliseconds. */
const PATIENCE = 2_000;

/** Messages come seldom: so often the server is asked whether it is there, in milliseconds. */
const ASKED_EVERY = 30_000;

/** BullMQ does not export this type. */
export type PgListenClient = Awaited<ReturnType<PostgresConnection['getListenClient']>>;

interface HubEvents {
  notification: [PgNotification];
  /** On a channel of ours, which BullMQ does not know. */
  signal: [{ channel: string; payload: string }];
  /** Waits are void: those who wait ask the tables, and wait again. */
  lost: [];
  /** It listens again, to all its channels. What was sent meanwhile is missed. */
  back: [];
}

/**
 * The one connection of this process that listens, for all lanes and event streams. It is rebuilt when it breaks.
 * To BullMQ it looks like a client of its own.
 */
export class NotificationHub extends EventEmitter<HubEvents> {
  private listener: SqlListener | undefined;
  private connecting: Promise<void> | undefined;
  private readonly closing = new AbortController();
  private readonly ownChannels = new Set<string>();
  private asking = new AbortController();

  constructor(
    private readonly driver: SqlDriver,
    private readonly availability: Availability,
    private readonly clock: Clock,
  ) {
    super();
    this.setMaxListeners(0);
  }

  /** Connects, if it has not yet; a failure is the caller's. */
  async open(): Promise<void> {
    if (!this.listener) await this.connect();
  }

  async close(): Promise<void> {
    this.closing.abort();
    this.asking.abort();
    if (this.connecting) await this.patiently(this.connecting);
    await this.listener?.close();
    this.listener = undefined;
    this.removeAllListeners();
  }

  /** The view of one BullMQ backend. */
  asClient(): PgListenClient {
    return this;
  }

  /** BullMQ sends LISTEN before each wait: all is listened on already, once there is a connection. */
  async query(): Promise<PgQueryResult> {
    if (!this.listener) await this.untilConnected();
    return { rows: [] };
  }

  /**
   * Listens to a channel of ours, or no longer, as `isWanted` says when it can be done.
   * @throws StoreUnavailableError when there is no connection, and none comes in time.
   */
  async listenTo(channel: string, isWanted: () => boolean): Promise<void> {
    if (isWanted()) this.ownChannels.add(channel);
    else this.ownChannels.delete(channel);
    if (!this.listener) await this.untilConnected();
    const listener = this.listener!;
    try {
      await (isWanted() ? listener.listen(channel) : listener.unlisten(channel));
    } catch (error) {
      if (this.listener === listener) throw error;
      // The one that takes its place listens to what is wanted by then.
      await this.untilConnected();
    }
  }

  private async untilConnected(): Promise<void> {
    if (this.connecting) await this.patiently(this.connecting);
    if (!this.listener) throw new StoreUnavailableError(this.driver.address, 'cannot be listened to now');
  }

  private async patiently(work: Promise<void>): Promise<void> {
    const enough = new AbortController();
    await Promise.race([work, this.clock.sleep(PATIENCE, enough.signal)]);
    enough.abort();
  }

  private async connect(): Promise<void> {
    let lost = false;
    const own = [...this.ownChannels];
    const listener = await this.driver.listen([...CHANNELS, ...own], {
      onNotification: (channel, payload) => {
        if (channel.startsWith(SIGNAL_CHANNEL)) this.emit('signal', { channel, payload });
        else this.emit('notification', { channel, payload });
      },
      onLost: (error) => {
        lost = true;
        if (this.listener) this.rebuild(error);
      },
    });
    if (lost) throw new StoreUnavailableError(this.driver.address, 'closed the connection');
    if (this.closing.signal.aborted) return listener.close();
    this.listener = listener;
    this.asking = new AbortController();
    void this.keepAsking(listener, this.asking.signal);
  }

  private async keepAsking(listener: SqlListener, over: AbortSignal): Promise<void> {
    if (!listener.ask) return;
    for (;;) {
      await this.clock.sleep(ASKED_EVERY, over);
      if (over.aborted) return;
      // Where nothing waits for what it hears, the server may go to sleep.
      if (this.ownChannels.size === 0 && this.listenerCount('notification') === 0) continue;
      // A connection that is lost says so by itself.
      await listener.ask().catch(() => undefined);
    }
  }

  private rebuild(error: Error): void {
    const broken = this.listener;
    this.listener = undefined;
    this.asking.abort();
    if (this.closing.signal.aborted) return;
    this.availability.lost('listen', error);
    this.emit('lost');
    this.connecting = this.reconnect(broken);
  }

  private async reconnect(broken: SqlListener | undefined): Promise<void> {
    try {
      await broken?.close();
    } catch {
      // It is broken: there may be nothing left to close.
    }
    for (let delay = 50; !this.closing.signal.aborted; delay = Math.min(1_000, delay * 2)) {
      try {
        await this.connect();
        if (!this.listener) return;
        this.availability.back('listen');
        this.emit('back');
        return;
      } catch {
        await this.clock.sleep(delay, this.closing.signal);
      }
    }
  }
}
