/** A queue as it is now, over the whole fleet. */
export interface QueueInfo {
  readonly name: string;
  readonly weight: number;
  /** The most slots that it takes in this process's pool. */
  readonly max: number;
  readonly paused: boolean;
  readonly counts: {
    /** Due, and waiting for a slot. */
    readonly pending: number;
    readonly active: number;
    /** Waiting for their time: delayed, snoozed, or in their backoff. */
    readonly delayed: number;
    /** Ended well, since the store was made. */
    readonly completed: number;
    /** Failed for good, since the store was made. */
    readonly failed: number;
  };
  /** Failed for good, and kept for a retry: see `DeadLetters`. */
  readonly deadLetters: number;
  /** How long the oldest pending execution has been in the queue, in milliseconds. Undefined when none is. */
  readonly oldestWaitingMs: number | undefined;
}
