import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { JobService } from 'nestjs-job-scheduler';
import { ActivityLog } from '../activity/activity-log.js';
import { ARTICLES } from '../articles/article.js';
import { ImportPackages } from '../articles/import-packages.job.js';
import { PackageLibrary } from '../articles/package-library.js';
import { BackupDocuments, type Backup } from '../backup/backup.job.js';
import { BACKUP_STORAGE } from '../backup/backup-storage.js';
import { WriteDigest, type Digest } from '../digest/digest.job.js';
import { DocumentStore } from '../documents/document-store.js';
import { ANALYTICS, FINGERPRINTS, TERMS } from '../indexing/index-documents.js';
import { NewsroomConfig } from '../newsroom.config.js';
import { Outages } from '../outages/outages.js';
import { FRONT_PAGE } from '../publishing/front-page.js';
import { PublishArticle } from '../publishing/scheduled-publisher.job.js';
import { CARDS } from '../wechat/card.js';
import { WECHAT_GATEWAY } from '../wechat/wechat-gateway.js';
import { busyShares } from './busy-shares.js';
import { Leftovers } from './leftovers.js';
import type { Outcome } from './outcome.js';
import { ProgressDisplay } from './progress-display.js';
import { QueueSampler } from './queue-sampler.js';

const TOO_LONG = 300_000;
const EVERY_ARTICLE_HAS = [ARTICLES, TERMS, ANALYTICS, FINGERPRINTS, CARDS];

/** Runs a newsroom's day: fills it, publishes, backs up, and looks at what came of it. */
@Injectable()
export class DemoRun implements OnModuleDestroy {
  private readonly stop = new AbortController();

  constructor(
    private readonly jobs: JobService,
    private readonly library: PackageLibrary,
    private readonly documents: DocumentStore,
    private readonly activity: ActivityLog,
    private readonly outages: Outages,
    private readonly leftovers: Leftovers,
    private readonly sampler: QueueSampler,
    private readonly display: ProgressDisplay,
    private readonly config: NewsroomConfig,
  ) {}

  onModuleDestroy(): void {
    this.stop.abort(new Error('It was told to stop. Running jobs were waited for'));
  }

  async run(): Promise<Outcome> {
    const { stop } = this;
    stop.signal.throwIfAborted();
    const tooLate = setTimeout(() => stop.abort(new Error(this.whatWaits())), TOO_LONG);
    const stopped = new Promise<never>((_, reject) => {
      stop.signal.addEventListener('abort', () => reject(stop.signal.reason as Error));
    });
    const over = new AbortController();
    const onlookers = Promise.all([this.sampler.watch(over.signal), this.display.show(over.signal)]);
    try {
      // Onlookers end before the day only if they fail.
      return await Promise.race([this.day(stop.signal), stopped, onlookers.then(() => stopped)]);
    } finally {
      clearTimeout(tooLate);
      over.abort();
      await onlookers.catch(() => undefined);
    }
  }

  private async day(signal: AbortSignal): Promise<Outcome> {
    const startedAt = new Date();
    await this.leftovers.remove();
    const failedBefore = await this.failed();
    await this.jobs.start();

    // All queues get busy: each article that is ingested has four more jobs.
    this.outages.plan(WECHAT_GATEWAY, (call) => call % 40 === 0);
    const publication = await this.planPublication();
    const { articles: expected } = await (await this.jobs.trigger(ImportPackages)).finished();
    await this.jobs.trigger(BackupDocuments);
    await this.sampler.untilIdle(signal);

    // Jobs in steps. The first backup's verification fails once, after its archive was made.
    const digest = (await (await this.jobs.trigger(WriteDigest)).finished()) as Digest;
    this.outages.plan(BACKUP_STORAGE, (call) => call === 1);
    const backups = [await this.backUp(), await this.backUp()] as const;

    return {
      startedAt,
      seconds: (Date.now() - startedAt.getTime()) / 1000,
      firstStartMs: Math.min(...this.activity.all().map((run) => run.startedAt)) - performance.timeOrigin,
      dataDirectory: this.config.dataDirectory,
      expected,
      indexed: await this.countDocuments(),
      runs: this.activity.all(),
      shares: busyShares(this.sampler.samples, this.activity.all()),
      failed: (await this.failed()) - failedBefore,
      publication: { ...publication, entry: await this.documents.read(FRONT_PAGE, publication.article) },
      digest,
      backups,
      schedules: await this.jobs.getScheduled(),
    };
  }

  /** One article has its time on the front page: from in 3 seconds, for 4 seconds. */
  private async planPublication(): Promise<{ article: string; at: Date; until: Date }> {
    const [directory = ''] = await this.library.directories();
    const { id: article } = await this.library.read(directory);
    const at = new Date(Date.now() + 3_000);
    const until = new Date(at.getTime() + 4_000);
    await this.jobs.enqueueAt(PublishArticle, { article, until: until.toISOString() }, at);
    return { article, at, until };
  }

  private async backUp(): Promise<Backup> {
    return (await (await this.jobs.trigger(BackupDocuments)).finished()) as Backup;
  }

  private async countDocuments(): Promise<Record<string, number>> {
    const counts = EVERY_ARTICLE_HAS.map(async (kind) => [kind.name, (await this.documents.ids(kind)).length] as const);
    return Object.fromEntries(await Promise.all(counts));
  }

  private async failed(): Promise<number> {
    const queues = await this.jobs.getQueues();
    return queues.reduce((sum, { counts }) => sum + counts.failed, 0);
  }

  private whatWaits(): string {
    const waiting = this.sampler.latest?.queues.map(({ name, counts }) => `${name} ${counts.pending + counts.delayed}`);
    return `Not done after ${TOO_LONG / 1000} s. Jobs still waiting: ${waiting?.join(', ')}`;
  }
}
