import { tryAgain } from '../../../common/try-again.js';

/** Serialization failures and deadlocks: the statement was undone as a whole. */
const CONFLICT = /^(?:40001|40P01)$/;

/** Runs a statement, or a transaction of one, again when PostgreSQL has undone it for the sake of another transaction. */
export function againOnConflict<T>(run: () => Promise<T>): Promise<T> {
  return tryAgain(run, (error) => CONFLICT.test(String((error as { code?: unknown } | null)?.code)));
}
