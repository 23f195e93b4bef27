import { OwnLogger } from '../common/own-logger.js';

interface Listener {
  readonly onMessage: (message: string) => void;
  readonly onGap: (() => void) | undefined;
}

/** Who listens to which topic, whatever brings the messages. */
export class SignalListeners {
  private readonly topics = new Map<string, Set<Listener>>();
  private readonly logger = new OwnLogger();

  /** @returns takes it away again, and says whether it was the topic's last one. Safe to call twice. */
  add(topic: string, onMessage: Listener['onMessage'], onGap?: Listener['onGap']): () => boolean {
    const listener: Listener = { onMessage, onGap };
    const listeners = this.topics.get(topic) ?? new Set();
    this.topics.set(topic, listeners.add(listener));
    return () => {
      if (!listeners.delete(listener) || listeners.size > 0) return false;
      return this.topics.delete(topic);
    };
  }

  has(topic: string): boolean {
    return this.topics.has(topic);
  }

  all(): string[] {
    return [...this.topics.keys()];
  }

  deliver(topic: string, message: string): void {
    // Who comes or goes by a message is not among those that hear it, or still is.
    const listeners = [...(this.topics.get(topic) ?? [])];
    for (const { onMessage } of listeners) this.call(() => onMessage(message));
  }

  /** Messages were missed, whatever their topic. */
  tellReconnected(): void {
    for (const { onGap } of [...this.topics.values()].flatMap((listeners) => [...listeners])) {
      if (onGap) this.call(onGap);
    }
  }

  /** A listener that throws must not keep a message from the others. */
  private call(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.logger.error('A listener to messages between processes threw', error instanceof Error ? error.stack : error);
    }
  }
}
