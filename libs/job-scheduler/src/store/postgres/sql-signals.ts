import { createHash } from 'node:crypto';
import type { Notifier } from '../ports/notifier.js';
import { SignalListeners } from '../signal-listeners.js';
import type { StoreDeadline } from '../store-deadline.js';
import { SIGNAL_CHANNEL, type NotificationHub } from './driver/notification-hub.js';
import { SignalParts, splitSignal } from './signal-parts.js';
import type { SqlClient } from './driver/sql-driver.js';

/**
 * Messages by NOTIFY, heard on the connection that listens for BullMQ anyway. Each topic has a channel of its own, so that
 * the server sends only what this process asked for. A notification holds 8,000 bytes: a longer message is sent in parts,
 * by one statement, so that they come together and in order.
 */
export class SqlSignals implements Notifier {
  private readonly listeners = new SignalListeners();
  private readonly parts = new SignalParts();
  private readonly topics = new Map<string, string>();
  private sent = 0;

  constructor(
    private readonly client: SqlClient,
    private readonly schema: string,
    private readonly hub: NotificationHub,
    private readonly deadline: StoreDeadline,
  ) {
    hub.on('signal', ({ channel, payload }) => this.heard(channel, payload));
    hub.on('lost', () => this.parts.drop());
    hub.on('back', () => this.listeners.tellReconnected());
  }

  async publish(topic: string, message: string): Promise<void> {
    // Numbered, since the server drops a notification that repeats another one of its transaction.
    const payloads = splitSignal(message, ++this.sent);
    const [only, ...more] = payloads;
    await this.deadline.run(
      more.length === 0
        ? this.client.query('SELECT pg_notify($1, $2)', [this.channelOf(topic), only])
        : this.client.query(
            'SELECT pg_notify($1, part) FROM unnest($2::text[]) WITH ORDINALITY AS parts (part, place) ORDER BY place',
            [this.channelOf(topic), payloads],
          ),
    );
  }

  async subscribe(
    topic: string,
    listener: (message: string) => void,
    onGap?: () => void,
  ): Promise<() => Promise<void>> {
    const remove = this.listeners.add(topic, listener, onGap);
    this.topics.set(this.channelOf(topic), topic);
    try {
      await this.deadline.run(this.agree(topic));
    } catch (error) {
      if (remove()) {
        this.forget(topic);
        // No longer wanted, also on a connection that comes later.
        void this.agree(topic).catch(() => undefined);
      }
      throw error;
    }
    return async () => {
      if (!remove()) return;
      this.forget(topic);
      await this.deadline.run(this.agree(topic)).catch(() => undefined);
    };
  }

  private agree(topic: string): Promise<void> {
    return this.hub.listenTo(this.channelOf(topic), () => this.listeners.has(topic));
  }

  private forget(topic: string): void {
    const channel = this.channelOf(topic);
    this.topics.delete(channel);
    this.parts.drop(channel);
  }

  private heard(channel: string, payload: string): void {
    const topic = this.topics.get(channel);
    if (topic === undefined) return;
    const message = this.parts.add(channel, payload);
    if (message !== undefined) this.listeners.deliver(topic, message);
  }

  /** A name of at most 63 characters, that of this schema and topic only. */
  private channelOf(topic: string): string {
    return SIGNAL_CHANNEL + createHash('sha1').update(`${this.schema}\0${topic}`).digest('hex');
  }
}
