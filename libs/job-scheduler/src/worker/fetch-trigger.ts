import type { Clock } from '../common/clock.js';
import type { WakeUp } from './bull-worker.js';

/** How the pool learned that a queue may have work. */
export type FetchTrigger =
  /** A marker in the store said so, which no other process may have seen. */
  | 'marker'
  /** A time has come that perhaps only this process knows. */
  | 'due'
  /** It is time to look. */
  | 'poll';

export interface QueuePollerOptions {
  readonly clock: Clock;
  /** The most fetches under way at once. */
  readonly most: number;
  /** Waits for work, at most that many seconds. */
  readonly wait: (seconds: number) => Promise<WakeUp | undefined>;
  /** After a wait that failed. */
  readonly recover: () => Promise<void>;
  readonly onWake: (wake: FetchTrigger) => void;
  /** `mayHaveWork` has changed. */
  readonly onChange: (mayHaveWork: boolean) => void;
  readonly onError: (error: Error) => void;
}
