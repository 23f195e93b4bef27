const WORD = /\p{L}[\p{L}\p{N}]{2,29}/gu;

const STOP_WORDS = new Set(
  `about above after all also and any are because been before being below between both but can could did does doing
  down during each else few for from further had has have having her here hers him his how into its itself just may
  more most must nor not now off once one only onto other our out over own per same she should some such than that the
  their them then there these they this those through too two under until use used uses using very via was were what
  when where which while who whom why will with within without would you your`.split(/\s+/),
);

/** The words of a text, in its order, without those that every text has. */
export function wordsOf(text: string): string[] {
  return (text.toLowerCase().match(WORD) ?? []).filter((word) => !STOP_WORDS.has(word));
}

export function countWords(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

/** The most frequent first; equals by the alphabet, so that the answer is always the same. */
export function mostFrequent(counts: ReadonlyMap<string, number>, howMany: number): [word: string, count: number][] {
  return [...counts].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, howMany);
}
