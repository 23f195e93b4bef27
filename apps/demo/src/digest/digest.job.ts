import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UseInterceptors } from '@nestjs/common';
import { Job, JobContext, JobStep } from 'nestjs-job-scheduler';
import { ActivityInterceptor } from '../activity/activity.interceptor.js';
import { DocumentStore } from '../documents/document-store.js';
import { fileNameOf } from '../documents/file-name.js';
import { ANALYTICS, FINGERPRINTS, TERMS } from '../indexing/index-documents.js';
import { NewsroomConfig } from '../newsroom.config.js';
import { digestText, type Totals } from './digest-text.js';
import { headlines, type Headline } from './headlines.js';
import { lookAlikes } from './look-alikes.js';

export interface Digest {
  readonly path: string;
  readonly articles: number;
  readonly headlines: number;
  readonly lookAlikes: number;
}

/** Writes what the newsroom has, each morning. A step that is done is not done again when a later one fails. */
@Job({ name: 'news:digest', schedule: { cron: '0 7 * * *', timezone: 'Europe/Berlin' }, timeout: '2m' })
@UseInterceptors(ActivityInterceptor)
export class WriteDigest {
  private readonly directory: string;

  constructor(
    private readonly documents: DocumentStore,
    config: NewsroomConfig,
  ) {
    this.directory = join(config.dataDirectory, 'digests');
  }

  @JobStep()
  async collect(): Promise<Totals> {
    const totals = { articles: 0, words: 0, readingMinutes: 0 };
    for (const { words, readingMinutes } of await this.documents.all(ANALYTICS)) {
      totals.articles++;
      totals.words += words;
      totals.readingMinutes += readingMinutes;
    }
    return totals;
  }

  @JobStep()
  async rank(): Promise<Headline[]> {
    return headlines(await this.documents.all(TERMS), 10);
  }

  @JobStep()
  async compare(): Promise<string[][]> {
    return lookAlikes(await this.documents.all(FINGERPRINTS));
  }

  @JobStep()
  async write(_: void, ctx: JobContext): Promise<Digest> {
    const totals = ctx.result<Totals>('collect');
    const best = ctx.result<Headline[]>('rank');
    const same = ctx.result<string[][]>('compare');
    const path = join(this.directory, `${new Date().toISOString().slice(0, 10)}.md`);
    // The fence keeps apart the drafts of two runs, if this one has lost its lock.
    const draft = `${path}.${fileNameOf(ctx.id)}-${ctx.fence}.draft`;
    await mkdir(this.directory, { recursive: true });
    await writeFile(draft, digestText(totals, best, same));
    await rename(draft, path);
    return { path, articles: totals.articles, headlines: best.length, lookAlikes: same.length };
  }
}
