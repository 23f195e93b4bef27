import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { NewsroomConfig } from '../newsroom.config.js';
import { Outages } from '../outages/outages.js';

export const BACKUP_STORAGE = 'backup storage';

/** Where backups are kept: here a directory, elsewhere a bucket. */
@Injectable()
export class BackupStorage {
  private readonly directory: string;

  constructor(
    config: NewsroomConfig,
    private readonly outages: Outages,
  ) {
    this.directory = join(config.dataDirectory, 'backups');
  }

  /** Replaces a backup of the same name as a whole. */
  async put(name: string, file: string): Promise<void> {
    const draft = join(this.directory, `${name}.draft`);
    await mkdir(this.directory, { recursive: true });
    await copyFile(file, draft);
    await rename(draft, join(this.directory, name));
  }

  /** @returns a file with the backup. */
  async fetch(name: string): Promise<string> {
    this.outages.check(BACKUP_STORAGE);
    return join(this.directory, name);
  }

  /** The oldest first. */
  async list(): Promise<string[]> {
    return (await readdir(this.directory)).filter((name) => name.endsWith('.tar.gz')).toSorted();
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.directory, name), { force: true });
  }
}
