import { UseInterceptors } from '@nestjs/common';
import { Job, type JobPayload } from 'nestjs-job-scheduler';
import { ActivityInterceptor } from '../activity/activity.interceptor.js';
import { fingerprint } from '../articles/article-jobs.js';
import { ArticlesService } from '../articles/articles.service.js';
import { plainText } from '../articles/markdown.js';
import { DocumentStore } from '../documents/document-store.js';
import { FINGERPRINTS } from './index-documents.js';
import { simhash } from './simhash.js';
import { wordsOf } from './words.js';

/** Takes an article's fingerprint, by which the digest finds articles that say the same. */
@Job(fingerprint)
@UseInterceptors(ActivityInterceptor)
export class FingerprintArticle {
  constructor(
    private readonly articles: ArticlesService,
    private readonly documents: DocumentStore,
  ) {}

  async run({ article: id }: JobPayload<typeof fingerprint>): Promise<void> {
    const { body } = await this.articles.require(id);
    await this.documents.write(FINGERPRINTS, id, { article: id, simhash: simhash(wordsOf(plainText(body))) });
  }
}
