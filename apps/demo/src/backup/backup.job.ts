import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UseInterceptors } from '@nestjs/common';
import { Job, JobAbortError, JobContext, JobStep } from 'nestjs-job-scheduler';
import { ActivityInterceptor } from '../activity/activity.interceptor.js';
import { DocumentStore } from '../documents/document-store.js';
import { fileNameOf } from '../documents/file-name.js';
import { NewsroomConfig } from '../newsroom.config.js';
import { checkEntries, checksumOf, pack } from './archive.js';
import { BackupStorage } from './backup-storage.js';
import { takeSnapshot } from './snapshot.js';

interface Snapshot {
  readonly files: number;
  /** The attempt in which the step ran. A step that is not run again keeps its first. */
  readonly attempt: number;
}

interface Archive {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly attempt: number;
}

interface Verification {
  readonly entries: number;
  readonly attempt: number;
}

export interface Backup extends Archive {
  readonly entries: number;
  /** Old backups that were removed. */
  readonly pruned: readonly string[];
  /** In which attempt each step ran. */
  readonly attempts: Readonly<Record<'snapshot' | 'archive' | 'verify' | 'prune', number>>;
}

/**
 * Backs the newsroom's documents up each night, in steps: when the storage fails to give the archive back for
 * verification, only that is tried again, and not the hour of packing before it.
 */
@Job({
  name: 'db:backup',
  schedule: { cron: '30 2 * * *', timezone: 'Europe/Berlin' },
  retry: { max: 3, delay: '500ms' },
  timeout: '10m',
})
@UseInterceptors(ActivityInterceptor)
export class BackupDocuments {
  constructor(
    private readonly documents: DocumentStore,
    private readonly storage: BackupStorage,
    private readonly config: NewsroomConfig,
  ) {}

  @JobStep()
  async snapshot(_: void, ctx: JobContext): Promise<Snapshot> {
    const manifest = await takeSnapshot(this.documents.directory, this.workspace(ctx));
    return { files: Object.keys(manifest).length, attempt: ctx.attempt };
  }

  @JobStep()
  async archive(_: void, ctx: JobContext): Promise<Archive> {
    const file = `${this.workspace(ctx)}.tar.gz`;
    await pack(this.workspace(ctx), file);
    const name = `${new Date().toISOString().replaceAll(':', '-')}.tar.gz`;
    await this.storage.put(name, file);
    return { name, bytes: (await stat(file)).size, sha256: await checksumOf(file), attempt: ctx.attempt };
  }

  @JobStep()
  async verify(_: void, ctx: JobContext): Promise<Verification> {
    const { files } = ctx.result<Snapshot>('snapshot');
    const { name, sha256 } = ctx.result<Archive>('archive');
    const file = await this.storage.fetch(name);
    if ((await checksumOf(file)) !== sha256) throw new JobAbortError(`${name} is not what was stored`);
    const entries = await checkEntries(file);
    if (entries !== files) throw new JobAbortError(`${name} has ${entries} of ${files} documents`);
    return { entries, attempt: ctx.attempt };
  }

  @JobStep()
  async prune(_: void, ctx: JobContext): Promise<Backup> {
    const pruned = (await this.storage.list()).slice(0, -this.config.keepBackups);
    for (const name of pruned) await this.storage.remove(name);
    await rm(this.workspace(ctx), { recursive: true, force: true });
    await rm(`${this.workspace(ctx)}.tar.gz`, { force: true });
    const snapshot = ctx.result<Snapshot>('snapshot');
    const archive = ctx.result<Archive>('archive');
    const { entries, attempt: verify } = ctx.result<Verification>('verify');
    const attempts = { snapshot: snapshot.attempt, archive: archive.attempt, verify, prune: ctx.attempt };
    return { ...archive, entries, pruned, attempts };
  }

  /** Each execution's own; the same in each of its attempts. */
  private workspace(ctx: JobContext): string {
    return join(this.config.dataDirectory, 'work', `backup-${fileNameOf(ctx.id)}`);
  }
}
