import type { Clock } from '../common/clock.js';
import type { AttemptSignal } from './attempt-signal.js';

const STORE_RETRY_DELAY = 1_000;

/** Asks the store until it answers, or the attempt is over. */
export type RetryUntilAnswered = <T>(ask: () => Promise<T>) => Promise<T>;

/** A store error is not the job's: asks again until the store answers. Rejects with the signal's reason once that has fired. */
export async function retryUntilAnswered<T>(clock: Clock, abort: AttemptSignal, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    abort.check();
    try {
      return await ask();
    } catch {
      await clock.sleep(STORE_RETRY_DELAY, abort.signal);
    }
  }
}
