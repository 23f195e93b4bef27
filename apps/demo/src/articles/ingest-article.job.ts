import { UseInterceptors } from '@nestjs/common';
import { Job, JobService } from 'nestjs-job-scheduler';
import { z } from 'zod';
import { ActivityInterceptor } from '../activity/activity.interceptor.js';
import { DocumentStore } from '../documents/document-store.js';
import { FOR_EACH_ARTICLE } from './article-jobs.js';
import { ARTICLES } from './article.js';
import { PackageLibrary } from './package-library.js';

const IngestRequest = z.strictObject({ directory: z.string().min(1) });

/** Takes one README in as an article, and has it indexed. */
@Job({ name: 'articles:ingest', queue: 'critical', schema: IngestRequest, timeout: '30s' })
@UseInterceptors(ActivityInterceptor)
export class IngestArticle {
  constructor(
    private readonly library: PackageLibrary,
    private readonly documents: DocumentStore,
    private readonly jobs: JobService,
  ) {}

  async run({ directory }: z.output<typeof IngestRequest>): Promise<{ article: string }> {
    const article = await this.library.read(directory);
    await this.documents.write(ARTICLES, article.id, article);
    const payload = { article: article.id };
    await Promise.all(FOR_EACH_ARTICLE.map((job) => this.jobs.enqueue(job, payload)));
    return payload;
  }
}
