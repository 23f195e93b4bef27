import { closest, distance } from 'fastest-levenshtein';

/**
 * ` Did you mean "critical"? Configured: critical, default, low.`
 * The suggestion stands only when it is near; the list is cut after twelve names.
 */
export function didYouMean(name: string, known: readonly string[], label: string): string {
  if (known.length === 0) return ` ${label}: none.`;
  const best = closest(
    name.toLowerCase(),
    known.map((each) => each.toLowerCase()),
  );
  const near = known.find((each) => each.toLowerCase() === best);
  const hint =
    near !== undefined && distance(name.toLowerCase(), best) <= Math.max(2, Math.floor(name.length / 3))
      ? ` Did you mean "${near}"?`
      : '';
  const shown = known.slice(0, 12).join(', ') + (known.length > 12 ? `, … (${known.length} in all)` : '');
  return `${hint} ${label}: ${shown}.`;
}
