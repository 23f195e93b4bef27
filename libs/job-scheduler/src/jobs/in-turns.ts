import { setImmediate as nextTurn } from 'node:timers/promises';

/** Begun before the event loop gets its turn: so many at most, and none after so many milliseconds. */
const MOST_AT_ONCE = 250;
const LONGEST_BLOCK = 20;

/**
 * Does `work` for each item, a portion at a time, so that a long list does not block the event loop. The first portion is
 * begun before this returns.
 * @throws what `work` throws; no further portion is begun then
 */
export async function inTurns<T, R>(
  items: readonly T[],
  work: (item: T, index: number) => R | Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (let next = 0; next < items.length;) {
    if (next > 0) await nextTurn();
    const startedAt = performance.now();
    const portion: (R | Promise<R>)[] = [];
    do portion.push(work(items[next]!, next++));
    while (next < items.length && portion.length < MOST_AT_ONCE && performance.now() - startedAt < LONGEST_BLOCK);
    results.push(...(await Promise.all(portion)));
  }
  return results;
}
