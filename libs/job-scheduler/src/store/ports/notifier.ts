/** Short messages to every process on this store, the sender's own included. Nothing is kept: who does not listen at that moment misses it. */
export interface Notifier {
  /** Resolves when the store has it. @throws StoreUnavailableError */
  publish(topic: string, message: string): Promise<void>;
  /**
   * Calls `listener` with each message of a topic, in the order in which the store got them. Resolves when it listens.
   * After the connection was lost it listens again by itself; what came meanwhile is missed: `onGap` says so.
   * @returns ends it. Safe to call twice.
   */
  subscribe(topic: string, listener: (message: string) => void, onGap?: () => void): Promise<() => Promise<void>>;
}
