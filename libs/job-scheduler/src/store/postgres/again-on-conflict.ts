/** Serialization failures and deadlocks: the statement was undone as a whole. */
const CONFLICT = /^(?:40001|40P01)$/;

const MOST_TRIES = 10;

/** Runs a statement, or a transaction of one, again when PostgreSQL has undone it for the sake of another transaction. */
export async function againOnConflict<T>(run: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await run();
    } catch (error) {
      if (tries >= MOST_TRIES || !CONFLICT.test(String((error as { code?: unknown } | null)?.code))) throw error;
    }
  }
}
