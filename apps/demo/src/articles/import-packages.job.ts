import { UseInterceptors } from '@nestjs/common';
import { Job, JobContext, JobService } from 'nestjs-job-scheduler';
import { ActivityInterceptor } from '../activity/activity.interceptor.js';
import { childId } from '../documents/file-name.js';
import { IngestArticle } from './ingest-article.job.js';
import { PackageLibrary } from './package-library.js';

const BATCH = 100;

/** Has every README of the library ingested: once a day, and when the newsroom is first set up. */
@Job({ name: 'articles:import', queue: 'critical', schedule: '@daily', runOnStart: true })
@UseInterceptors(ActivityInterceptor)
export class ImportPackages {
  constructor(
    private readonly library: PackageLibrary,
    private readonly jobs: JobService,
  ) {}

  async run(_: void, ctx: JobContext): Promise<{ articles: number }> {
    const directories = await this.library.directories();
    for (let done = 0; done < directories.length; done += BATCH) {
      ctx.signal.throwIfAborted();
      const batch = directories.slice(done, done + BATCH);
      // Ids of our own: if this run is repeated after a crash, what was enqueued before is not enqueued again.
      await this.jobs.enqueueMany(
        batch.map((directory) => ({
          job: IngestArticle,
          payload: { directory },
          options: { id: childId(ctx.id, directory) },
        })),
      );
      await ctx.progress(Math.round((100 * (done + batch.length)) / directories.length));
    }
    return { articles: directories.length };
  }
}
