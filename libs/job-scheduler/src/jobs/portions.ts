/** What goes to the store together, so that neither this process nor the store is held up for long. */
const MOST_JOBS = 250;
const MOST_LENGTH = 1024 * 1024;

/** Of a queue with a bound: what is added together, or not at all. */
export const MOST_TOGETHER = 1_000;

/**
 * Cuts a list into portions of at most 250 items and 1 Mi characters; each has one item at least.
 * @param lengthOf in characters
 */
export function* portionsOf<T>(items: readonly T[], lengthOf: (item: T) => number): Generator<T[]> {
  let portion: T[] = [];
  let length = 0;
  for (const item of items) {
    const own = lengthOf(item);
    if (portion.length === MOST_JOBS || (portion.length > 0 && length + own > MOST_LENGTH)) {
      yield portion;
      portion = [];
      length = 0;
    }
    portion.push(item);
    length += own;
  }
  if (portion.length > 0) yield portion;
}

/** Cuts a list into portions of at most 1,000 items, however long they are. */
export function* wholePortionsOf<T>(items: readonly T[]): Generator<T[]> {
  for (let next = 0; next < items.length; next += MOST_TOGETHER) yield items.slice(next, next + MOST_TOGETHER);
}
