import { describeThrown } from '../common/describe-error.js';
import { JobSchedulerError } from '../errors/job-scheduler-error.js';
import { StoreUnavailableError } from '../errors/store-errors.js';
import type { Store } from './ports/ports.js';
import { isUnmade } from './store-away.js';

/** How long a caller waits for the store, in milliseconds (docs/guarantees.md#when-the-store-is-away). */
const STORE_TIMEOUT = 5_000;

/**
 * Gives what a store call gives, or rejects with STORE_UNAVAILABLE: when the store has been silent for 5 s, or by its own
 * error. The call may still take effect afterwards.
 */
export async function guardStore<T>(store: Store, call: () => Promise<T>): Promise<T> {
  try {
    return await store.turns.limit(
      call(),
      STORE_TIMEOUT,
      () => new StoreUnavailableError(store.address, `did not answer within ${STORE_TIMEOUT} ms.`),
    );
  } catch (thrown) {
    throw storeFault(store, thrown);
  }
}

/** What a call to the store failed with, as an error of ours. For calls that have a time of their own. */
export function storeFault(store: Pick<Store, 'address'>, thrown: unknown): JobSchedulerError {
  if (thrown instanceof JobSchedulerError) return thrown;
  const remedy = isUnmade(thrown)
    ? '. What the boot made there was dropped or changed under the app: start the app anew, which makes it again'
    : '';
  return new StoreUnavailableError(store.address, `failed: ${describeThrown(thrown).message}${remedy}`, thrown);
}
