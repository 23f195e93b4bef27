import type { Terms } from '../indexing/index-documents.js';
import { mostFrequent } from '../indexing/words.js';

export interface Headline {
  readonly article: string;
  readonly score: number;
  /** What it is about, and few others are. */
  readonly keywords: readonly string[];
}

const KEYWORDS = 5;

/** The articles with the most to say about what others do not write about (TF-IDF), the best first. */
export function headlines(index: readonly Terms[], howMany: number): Headline[] {
  const articlesWith = new Map<string, number>();
  for (const { terms } of index) {
    for (const term of Object.keys(terms)) articlesWith.set(term, (articlesWith.get(term) ?? 0) + 1);
  }
  const rated = index.map(({ article, terms }): Headline => {
    const weights = Object.entries(terms).map(([term, count]): [string, number] => [
      term,
      (1 + Math.log(count)) * Math.log(index.length / (articlesWith.get(term) ?? 1)),
    ]);
    const best = mostFrequent(new Map(weights), KEYWORDS);
    return {
      article,
      score: Math.round(best.reduce((sum, [, weight]) => sum + weight, 0) * 10) / 10,
      keywords: best.map(([term]) => term),
    };
  });
  return rated.toSorted((a, b) => b.score - a.score || (a.article < b.article ? -1 : 1)).slice(0, howMany);
}
