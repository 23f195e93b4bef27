import { closest, distance } from 'fastest-levenshtein';

/** No name of ours is longer. */
const LONGEST_NAME = 512;

/** A name as it stands in messages. */
export function quoted(name: unknown): string {
  if (typeof name !== 'string')
    return name === undefined || name === null || typeof name === 'number' ? String(name) : `of type ${typeof name}`;
  return name.length > LONGEST_NAME ? `"${name.slice(0, LONGEST_NAME)}…"` : `"${name}"`;
}

/** The name in `known` that a typing error of `name` was most likely meant to be; undefined when none is near. */
export function nearestName(name: unknown, known: readonly string[]): string | undefined {
  // A very long text is no mistyped name, and comparing it takes its length times that of each name.
  if (typeof name !== 'string' || known.length === 0 || name.length > LONGEST_NAME) return undefined;
  const best = closest(
    name.toLowerCase(),
    known.map((each) => each.toLowerCase()),
  );
  if (distance(name.toLowerCase(), best) > Math.max(2, Math.floor(name.length / 3))) return undefined;
  return known.find((each) => each.toLowerCase() === best);
}

/**
 * ` Did you mean "critical"? Configured: critical, default, low.`
 * The suggestion stands only when it is near; the list is cut after twelve names.
 */
export function didYouMean(name: unknown, known: readonly string[], label: string): string {
  if (known.length === 0) return ` ${label}: none.`;
  const near = nearestName(name, known);
  const hint = near === undefined ? '' : ` Did you mean "${near}"?`;
  const shown = known.slice(0, 12).join(', ') + (known.length > 12 ? `, … (${known.length} in all)` : '');
  return `${hint} ${label}: ${shown}.`;
}
