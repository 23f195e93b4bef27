import { UseInterceptors } from '@nestjs/common';
import { Job, JobAbortError } from 'nestjs-job-scheduler';
import { z } from 'zod';
import { ActivityInterceptor } from '../activity/activity.interceptor.js';
import { DocumentStore } from '../documents/document-store.js';
import { FRONT_PAGE } from './front-page.js';

const Expiration = z.strictObject({ article: z.string().min(1) });

/** Takes an article off the front page. */
@Job({ name: 'news:expiration', queue: 'news', priority: 10, schema: Expiration })
@UseInterceptors(ActivityInterceptor)
export class ExpireArticle {
  constructor(private readonly documents: DocumentStore) {}

  async run({ article }: z.output<typeof Expiration>): Promise<{ expiredAt: string }> {
    const entry = await this.documents.read(FRONT_PAGE, article);
    if (!entry) throw new JobAbortError(`"${article}" is not on the front page`);
    const expiredAt = new Date().toISOString();
    await this.documents.write(FRONT_PAGE, article, { ...entry, expiredAt });
    return { expiredAt };
  }
}
