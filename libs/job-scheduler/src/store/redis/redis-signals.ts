import type { Redis } from 'ioredis';
import type { Clock } from '../../common/clock.js';
import type { Availability } from '../availability.js';
import type { Notifier } from '../ports/notifier.js';
import { SignalListeners } from '../signal-listeners.js';
import { isStoreAway } from '../store-away.js';
import type { StoreDeadline } from '../store-deadline.js';
import type { RedisClient } from './connection/redis-client.js';
import type { RedisKeys } from './redis-keys.js';

const FIRST_DELAY = 50;
const LONGEST_DELAY = 1_000;
/** Messages come seldom: so often the server is asked whether it is there, in milliseconds. */
const ASKED_EVERY = 20_000;

export interface RedisSignalsParts {
  readonly publisher: () => RedisClient;
  /** A new connection that subscribes, not connected yet, and does not connect again by itself. */
  readonly subscriber: () => Redis;
  readonly keys: RedisKeys;
  /** Of the server's databases, the one with our keys. */
  readonly db: number;
  readonly availability: Availability;
  readonly deadline: StoreDeadline;
  readonly clock: Clock;
}

/**
 * Messages by Redis pub/sub, which a Cluster hands from node to node. One connection for all topics of the process, made
 * at the first subscription, and made anew when it ends: on a Cluster that may be to another node.
 */
export class RedisSignals implements Notifier {
  private readonly listeners = new SignalListeners();
  private readonly closing = new AbortController();
  private connection: Promise<Redis> | undefined;
  private client: Redis | undefined;

  constructor(private readonly parts: RedisSignalsParts) {}

  async publish(topic: string, message: string): Promise<void> {
    await this.parts.deadline.run(this.parts.publisher().publish(this.channelOf(topic), message));
  }

  async subscribe(
    topic: string,
    listener: (message: string) => void,
    onGap?: () => void,
  ): Promise<() => Promise<void>> {
    const remove = this.listeners.add(topic, listener, onGap);
    try {
      await this.parts.deadline.run(this.agree(topic));
    } catch (error) {
      remove();
      throw error;
    }
    return async () => {
      if (!remove() || !this.client) return;
      // If it breaks now, the next one does not subscribe to this topic.
      await this.parts.deadline.run(this.agree(topic)).catch(() => undefined);
    };
  }

  /** Safe to call twice. */
  async close(): Promise<void> {
    this.closing.abort();
    const { client } = this;
    if (!client || client.status === 'end') return;
    const ended = new Promise<void>((resolve) => client.once('end', resolve));
    client.disconnect();
    await ended;
  }

  private channelOf(topic: string): string {
    return this.parts.keys.channel(topic, this.parts.db);
  }

  /** Makes the connection listen, or not, as the listeners are at this moment: whichever changed last has the last word. */
  private async agree(topic: string): Promise<void> {
    for (;;) {
      const client = await (this.connection ??= this.connect());
      const isWanted = this.listeners.has(topic);
      try {
        if (isWanted) await client.subscribe(this.channelOf(topic));
        else await client.unsubscribe(this.channelOf(topic));
        return;
      } catch (error) {
        // It broke. The next one subscribes to what is wanted.
        if (!isWanted || !isStoreAway(error) || this.closing.signal.aborted) throw error;
        await this.parts.clock.sleep(FIRST_DELAY, this.closing.signal);
      }
    }
  }

  /** @param isAgain no caller waits to hear that the server refuses; it may allow it again. */
  private async connect(isAgain = false): Promise<Redis> {
    const { availability, clock } = this.parts;
    const { signal } = this.closing;
    for (let delay = FIRST_DELAY; !signal.aborted; delay = Math.min(LONGEST_DELAY, delay * 2)) {
      try {
        const client = await this.tryToConnect();
        availability.back('signals');
        return client;
      } catch (error) {
        // Refused: time does not mend it, as with a user who may not use our channels.
        if (!isAgain && !isStoreAway(error)) {
          this.connection = undefined;
          throw error;
        }
        await clock.sleep(delay, signal);
      }
    }
    throw new Error('Connection is closed');
  }

  private async tryToConnect(): Promise<Redis> {
    const client = this.parts.subscriber();
    this.client = client;
    let lastError = new Error('The connection was closed');
    client.on('error', (error: Error) => (lastError = error));
    const base = this.channelOf('');
    client.on('message', (channel: string, message: string) => {
      this.listeners.deliver(channel.slice(base.length), message);
    });
    try {
      await client.connect();
      const channels = this.listeners.all().map((topic) => this.channelOf(topic));
      if (channels.length > 0) await client.subscribe(...channels);
      if (this.closing.signal.aborted || client.status === 'end') throw lastError;
    } catch (error) {
      client.disconnect();
      throw error;
    }
    const asking = new AbortController();
    client.once('end', () => {
      asking.abort();
      this.onEnd(lastError);
    });
    void this.keepAsking(client, asking.signal);
    return client;
  }

  /** ioredis ends a connection on which no answer comes; any answer shows that the server is there. */
  private async keepAsking(client: Redis, ended: AbortSignal): Promise<void> {
    for (;;) {
      await this.parts.clock.sleep(ASKED_EVERY, ended);
      if (ended.aborted) return;
      await client.ping().catch(() => undefined);
    }
  }

  private onEnd(error: Error): void {
    if (this.closing.signal.aborted) return;
    this.parts.availability.lost('signals', error);
    this.connection = this.reconnect();
    void this.settled(this.connection);
  }

  /** One that rejects was closed meanwhile: no caller waits for it. */
  private async settled(connection: Promise<Redis>): Promise<void> {
    await connection.catch(() => undefined);
  }

  private async reconnect(): Promise<Redis> {
    const client = await this.connect(true);
    this.listeners.tellReconnected();
    return client;
  }
}
