import type { Clock, ClockTimer } from '../definition/clock.js';
import { describeThrown } from '../definition/describe-error.js';
import { JobSchedulerError } from '../errors/job-scheduler-error.js';
import { StoreUnavailableError } from '../errors/store-errors.js';
import type { Store } from '../store/ports.js';

/** How long a caller waits for the store, in milliseconds (semantics, "When the store is away"). */
const STORE_TIMEOUT = 5_000;

/**
 * Gives what a store call gives, or rejects with STORE_UNAVAILABLE: within 5 s, or by the store's own error.
 * The call may still take effect afterwards.
 */
export async function guardStore<T>(store: Store, clock: Clock, call: () => Promise<T>): Promise<T> {
  let timer: ClockTimer | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = clock.after(STORE_TIMEOUT, () =>
      reject(new StoreUnavailableError(store.address, `did not answer within ${STORE_TIMEOUT} ms.`)),
    );
  });
  try {
    return await Promise.race([call(), late]);
  } catch (thrown) {
    if (thrown instanceof JobSchedulerError) throw thrown;
    throw new StoreUnavailableError(store.address, `failed: ${describeThrown(thrown).message}`, thrown);
  } finally {
    timer?.cancel();
  }
}
