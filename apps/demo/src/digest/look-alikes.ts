import type { Fingerprint } from '../indexing/index-documents.js';
import { distance } from '../indexing/simhash.js';

const SAME_TEXT = 3;

/** Groups of articles that say the same, the largest first. */
export function lookAlikes(fingerprints: readonly Fingerprint[]): string[][] {
  const groups: Fingerprint[][] = [];
  for (const fingerprint of fingerprints) {
    const group = groups.find(([first]) => first && distance(first.simhash, fingerprint.simhash) <= SAME_TEXT);
    if (group) group.push(fingerprint);
    else groups.push([fingerprint]);
  }
  return groups
    .filter((group) => group.length > 1)
    .map((group) => group.map(({ article }) => article))
    .toSorted((a, b) => b.length - a.length);
}
