import { UseInterceptors } from '@nestjs/common';
import { Job, type JobPayload } from 'nestjs-job-scheduler';
import { ActivityInterceptor } from '../activity/activity.interceptor.js';
import { indexTerms } from '../articles/article-jobs.js';
import { ArticlesService } from '../articles/articles.service.js';
import { plainText } from '../articles/markdown.js';
import { DocumentStore } from '../documents/document-store.js';
import { TERMS } from './index-documents.js';
import { countWords, wordsOf } from './words.js';

/** Writes an article's terms for the inverted index. */
@Job(indexTerms, { queue: 'news' })
@UseInterceptors(ActivityInterceptor)
export class IndexTerms {
  constructor(
    private readonly articles: ArticlesService,
    private readonly documents: DocumentStore,
  ) {}

  async run({ article: id }: JobPayload<typeof indexTerms>): Promise<{ terms: number }> {
    const article = await this.articles.require(id);
    const terms = countWords(wordsOf(`${article.title}\n${plainText(article.body)}`));
    await this.documents.write(TERMS, id, { article: id, terms: Object.fromEntries(terms) });
    return { terms: terms.size };
  }
}
