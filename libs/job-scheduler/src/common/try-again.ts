const MOST_TRIES = 10;

/**
 * Runs what somebody else at work at the same moment may undo or refuse, up to ten times in a row.
 * @param isWorthIt whether an error goes away when it is run again.
 * @throws the error of the last run
 */
export async function tryAgain<T>(run: () => Promise<T>, isWorthIt: (error: unknown) => boolean): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await run();
    } catch (error) {
      if (tries === MOST_TRIES || !isWorthIt(error)) throw error;
    }
  }
}
