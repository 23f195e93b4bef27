import type { OpenMemory } from '#bullmq-memory/extend';
import type { Notifier } from '../ports/notifier.js';
import { SignalListeners } from '../signal-listeners.js';

/** Messages inside this process: from any store of a prefix to all of them. */
export class MemorySignals implements Notifier {
  private readonly listeners: SignalListeners;
  private readonly subscriptions = new Set<() => boolean>();

  constructor(memory: OpenMemory) {
    this.listeners = memory.part('signals', () => new SignalListeners());
  }

  async publish(topic: string, message: string): Promise<void> {
    // Later, as with every other store: a listener does not run inside its sender's call.
    queueMicrotask(() => this.listeners.deliver(topic, message));
  }

  async subscribe(
    topic: string,
    listener: (message: string) => void,
    onGap?: () => void,
  ): Promise<() => Promise<void>> {
    const remove = this.listeners.add(topic, listener, onGap);
    this.subscriptions.add(remove);
    return async () => {
      this.subscriptions.delete(remove);
      remove();
    };
  }

  /** Nothing is heard through this store any more. */
  close(): void {
    for (const remove of this.subscriptions) remove();
    this.subscriptions.clear();
  }
}
