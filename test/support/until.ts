/** For what no event tells: asks again until it is so, with a ceiling. Never a fixed sleep. */
import { setTimeout as pause } from 'node:timers/promises';
import { ceiling, LONGEST_WAIT } from './machine.js';
import { storeState } from './store-state.js';

/** What stands for "not yet". */
type NotYet = false | 0 | '' | null | undefined;

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
  { within = LONGEST_WAIT, every }: { within?: number; every?: number } = {},
): Promise<Exclude<T, NotYet>> {
  const start = performance.now();
  for (let wait = every ?? FIRST_PAUSE; ; wait = every ?? Math.min(LONGEST_PAUSE, wait * GROWTH)) {
    let seen: unknown;
    try {
      const answer = await probe();
      if (answer) return answer as Exclude<T, NotYet>;
      seen = answer;
    } catch (error) {
      seen = error;
    }
    const waited = performance.now() - start;
    if (waited >= ceiling(within)) {
      const state = await storeState();
      throw new Error(`Waited ${Math.round(waited)} ms in vain until ${what}. Last seen: ${String(seen)}${state}`, {
        cause: seen,
      });
    }
    await pause(wait);
  }
}
