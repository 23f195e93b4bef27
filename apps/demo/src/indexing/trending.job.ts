import { UseInterceptors } from '@nestjs/common';
import { Job } from 'nestjs-job-scheduler';
import { ActivityInterceptor } from '../activity/activity.interceptor.js';
import { DocumentStore } from '../documents/document-store.js';
import { ANALYTICS, TRENDING } from './index-documents.js';
import { mostFrequent } from './words.js';

const TRENDING_WORDS = 25;

/** Which words the whole newsroom writes about: four times an hour. */
@Job({
  name: 'news:trending',
  queue: 'analytics',
  priority: 10,
  schedule: { cron: '*/15 * * * *', timezone: 'Asia/Shanghai' },
  retry: 0,
})
@UseInterceptors(ActivityInterceptor)
export class TrendingWords {
  constructor(private readonly documents: DocumentStore) {}

  async run(): Promise<{ articles: number }> {
    const counts = new Map<string, number>();
    const analytics = await this.documents.all(ANALYTICS);
    for (const { topWords } of analytics) {
      for (const [word, count] of topWords) counts.set(word, (counts.get(word) ?? 0) + count);
    }
    await this.documents.write(TRENDING, 'now', {
      articles: analytics.length,
      words: mostFrequent(counts, TRENDING_WORDS),
    });
    return { articles: analytics.length };
  }
}
