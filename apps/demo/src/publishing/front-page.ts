import { kind } from '../documents/document-store.js';

/** An article's time on the front page. Times are ISO. */
export interface FrontPageEntry {
  readonly article: string;
  readonly title: string;
  readonly publishedAt: string;
  /** Set when its time is over. */
  readonly expiredAt?: string;
}

export const FRONT_PAGE = kind<FrontPageEntry>('front-page');
