import { closest, distance } from 'fastest-levenshtein';

/** The name in `known` that a typing error of `name` was most likely meant to be; undefined when none is near. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
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
export function didYouMean(name: string, known: readonly string[], label: string): string {
  if (known.length === 0) return ` ${label}: none.`;
  const near = nearestName(name, known);
  const hint = near === undefined ? '' : ` Did you mean "${near}"?`;
  const shown = known.slice(0, 12).join(', ') + (known.length > 12 ? `, … (${known.length} in all)` : '');
  return `${hint} ${label}: ${shown}.`;
}
