import { kind } from '../documents/document-store.js';
import type { Simhash } from './simhash.js';

/** One article's share of the inverted index. */
export interface Terms {
  readonly article: string;
  /** How often it has each term. */
  readonly terms: Readonly<Record<string, number>>;
}

export interface Analytics {
  readonly article: string;
  readonly words: number;
  readonly readingMinutes: number;
  readonly codeBlocks: number;
  readonly topWords: readonly (readonly [word: string, count: number])[];
}

export interface Fingerprint {
  readonly article: string;
  readonly simhash: Simhash;
}

export interface Trending {
  readonly articles: number;
  readonly words: readonly (readonly [word: string, count: number])[];
}

export const TERMS = kind<Terms>('terms');
export const ANALYTICS = kind<Analytics>('analytics');
export const FINGERPRINTS = kind<Fingerprint>('fingerprints');
export const TRENDING = kind<Trending>('trending');
