import type { Headline } from './headlines.js';

export interface Totals {
  readonly articles: number;
  readonly words: number;
  readonly readingMinutes: number;
}

/** The digest as Markdown. */
export function digestText(totals: Totals, headlines: readonly Headline[], lookAlikes: readonly string[][]): string {
  const hours = Math.round(totals.readingMinutes / 60);
  return [
    '# The newsroom today',
    '',
    `${totals.articles} articles, ${totals.words} words: about ${hours} hours of reading.`,
    '',
    '## Headlines',
    '',
    ...headlines.map(({ article, keywords }) => `- **${article}**: ${keywords.join(', ')}`),
    '',
    '## Articles that say the same',
    '',
    ...lookAlikes.map((group) => `- ${group.join(', ')}`),
    '',
  ].join('\n');
}
