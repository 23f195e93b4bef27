import { UseInterceptors } from '@nestjs/common';
import { Job, type JobPayload } from 'nestjs-job-scheduler';
import { ActivityInterceptor } from '../activity/activity.interceptor.js';
import { analyse } from '../articles/article-jobs.js';
import { ArticlesService } from '../articles/articles.service.js';
import { plainText } from '../articles/markdown.js';
import { DocumentStore } from '../documents/document-store.js';
import { ANALYTICS } from './index-documents.js';
import { countWords, mostFrequent, wordsOf } from './words.js';

const WORDS_A_MINUTE = 230;
const TOP_WORDS = 20;

/** Counts an article's words, and how long people read it. */
@Job(analyse, { queue: 'analytics' })
@UseInterceptors(ActivityInterceptor)
export class AnalyseArticle {
  constructor(
    private readonly articles: ArticlesService,
    private readonly documents: DocumentStore,
  ) {}

  async run({ article: id }: JobPayload<typeof analyse>): Promise<{ words: number }> {
    const { body } = await this.articles.require(id);
    const text = plainText(body);
    const words = text.match(/\S+/g)?.length ?? 0;
    await this.documents.write(ANALYTICS, id, {
      article: id,
      words,
      readingMinutes: Math.ceil(words / WORDS_A_MINUTE),
      codeBlocks: Math.floor((body.match(/^(```|~~~)/gm)?.length ?? 0) / 2),
      topWords: mostFrequent(countWords(wordsOf(text)), TOP_WORDS),
    });
    return { words };
  }
}
