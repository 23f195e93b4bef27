import { UseInterceptors } from '@nestjs/common';
import { Job, JobContext, JobService, JobSnoozeError } from 'nestjs-job-scheduler';
import { z } from 'zod';
import { ActivityInterceptor } from '../activity/activity.interceptor.js';
import { ArticlesService } from '../articles/articles.service.js';
import { DocumentStore } from '../documents/document-store.js';
import { childId } from '../documents/file-name.js';
import { ExpireArticle } from './expiration.job.js';
import { FRONT_PAGE } from './front-page.js';

const Publication = z.strictObject({ article: z.string().min(1), until: z.iso.datetime() });

/** Puts an article on the front page, and sees to it that it leaves it. Readers wait for it: it overtakes imports. */
@Job({ name: 'news:scheduled_publisher', queue: 'critical', priority: 10, schema: Publication })
@UseInterceptors(ActivityInterceptor)
export class PublishArticle {
  constructor(
    private readonly articles: ArticlesService,
    private readonly documents: DocumentStore,
    private readonly jobs: JobService,
  ) {}

  async run({ article: id, until }: z.output<typeof Publication>, ctx: JobContext): Promise<{ publishedAt: string }> {
    const article = await this.articles.find(id);
    // Its import may still be waiting: come back later, which is no failure.
    if (!article) throw new JobSnoozeError('500ms');
    const publishedAt = new Date().toISOString();
    await this.documents.write(FRONT_PAGE, id, { article: id, title: article.title, publishedAt });
    await this.jobs.enqueueAt(ExpireArticle, { article: id }, new Date(until), {
      id: childId(ctx.id, 'expiration'),
    });
    return { publishedAt };
  }
}
