/** For what no event tells: asks again until it is so, with a ceiling. Never a fixed sleep. */
import { setTimeout as pause } from 'node:timers/promises';
import { scaled } from './machine.js';
import { storeState } from './store-state.js';
import { inSuite } from './suite.js';

/** What stands for "not yet". */
type NotYet = false | 0 | '' | null | undefined;

/** A ceiling costs nothing where the wait ends: low ones only fail on slow machines. The long suite runs beside its own processes. */
const CEILING = inSuite(40_000, 100_000);

/** What is near is seen soon, and a long wait leaves the processor to what it waits for. */
const FIRST_PAUSE = 4;
const LONGEST_PAUSE = 100;
const GROWTH = 1.3;

/**
 * Resolves with what `probe` answers as soon as that is truthy. A wait in vain says what it saw last, and what the
 * stores hold of this test.
 * @param what for the message: "the job is completed".
 * @param probe may throw: that counts as "not yet", and the last error stands in the message.
 * @param options `every`: how often it asks, in milliseconds; by default after 4 ms, then ever less often, down to each 100 ms.
 *   `within`: for what can never take long, as milliseconds of the reference machine.
 */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  { within = CEILING, every }: { within?: number; every?: number } = {},
): Promise<Exclude<T, NotYet>> {
  const ceiling = scaled(within);
  const deadline = performance.now() + ceiling;
  for (let wait = every ?? FIRST_PAUSE; ; wait = every ?? Math.min(LONGEST_PAUSE, wait * GROWTH)) {
    let seen: unknown;
    try {
      const answer = await probe();
      if (answer) return answer as Exclude<T, NotYet>;
      seen = answer;
    } catch (error) {
      seen = error;
    }
    if (performance.now() >= deadline)
      throw new Error(`Waited ${ceiling} ms in vain until ${what}. Last seen: ${String(seen)}${await storeState()}`, {
        cause: seen,
      });
    await pause(wait);
  }
}
