import { kind } from '../documents/document-store.js';

/** A README, as the newsroom keeps it. */
export interface Article {
  /** `<package>@<version>` */
  readonly id: string;
  readonly title: string;
  readonly teaser: string;
  /** Markdown. */
  readonly body: string;
  /** Of the body. */
  readonly sha256: string;
  /** The package, below the directory of all packages. */
  readonly directory: string;
}

export const ARTICLES = kind<Article>('articles');
