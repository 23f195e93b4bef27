/** What goes to the store together: so many jobs at most, and so many characters of their payloads. */
const MOST_JOBS = 1_000;
const MOST_LENGTH = 4 * 1024 * 1024;

/**
 * Cuts a list into portions of at most 1,000.
 * @param lengthOf where given, a portion also ends before its items are longer than 4 Mi characters together; it has one at least.
 */
export function portionsOf<T>(items: readonly T[], lengthOf: (item: T) => number = () => 0): T[][] {
  const portions: T[][] = [];
  let portion: T[] = [];
  let length = 0;
  for (const item of items) {
    const own = lengthOf(item);
    if (portion.length === MOST_JOBS || (portion.length > 0 && length + own > MOST_LENGTH)) {
      portions.push(portion);
      portion = [];
      length = 0;
    }
    portion.push(item);
    length += own;
  }
  if (portion.length > 0) portions.push(portion);
  return portions;
}
