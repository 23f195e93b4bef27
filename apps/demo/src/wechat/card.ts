import { kind } from '../documents/document-store.js';

/** What followers see of an article. */
export interface Card {
  readonly article: string;
  readonly title: string;
  readonly teaser: string;
  readonly links: readonly string[];
}

export interface SharedCard extends Card {
  readonly receipt: string;
}

export const CARDS = kind<SharedCard>('cards');
