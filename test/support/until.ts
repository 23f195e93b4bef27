/** For what no event tells: asks again until it is so, with a deadline. Never a fixed sleep. */
import { setTimeout as pause } from 'node:timers/promises';

/** What stands for "not yet". */
type NotYet = false | 0 | '' | null | undefined;

/**
 * Resolves with what `probe` answers as soon as that is truthy.
 * @param what for the message: "the job is completed".
 * @param probe may throw: that counts as "not yet", and the last error stands in the message.
 * @param options `within` 10 s and `every` 20 ms by default.
 */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  { within = 10_000, every = 20 }: { within?: number; every?: number } = {},
): Promise<Exclude<T, NotYet>> {
  const deadline = performance.now() + within;
  for (;;) {
    let seen: unknown;
    try {
      const answer = await probe();
      if (answer) return answer as Exclude<T, NotYet>;
      seen = answer;
    } catch (error) {
      seen = error;
    }
    if (performance.now() >= deadline)
      throw new Error(`Waited ${within} ms in vain until ${what}. Last seen: ${String(seen)}`, { cause: seen });
    await pause(every);
  }
}
