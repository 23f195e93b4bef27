import { randomUUID } from 'node:crypto';
import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { NewsroomConfig } from '../newsroom.config.js';

/** A kind of documents, and their type. Each feature names its own. */
export interface Kind<T> {
  readonly name: string;
  /** Never set: carries the type. */
  readonly '~type'?: T;
}

export function kind<T>(name: string): Kind<T> {
  return { name };
}

/**
 * The newsroom's database: a JSON file for each document.
 * A document is replaced as a whole, so that writing it again does no harm: jobs may run twice.
 */
@Injectable()
export class DocumentStore implements OnModuleInit {
  readonly directory: string;

  constructor(config: NewsroomConfig) {
    this.directory = join(config.dataDirectory, 'documents');
  }

  async onModuleInit(): Promise<void> {
    await mkdir(this.directory, { recursive: true });
  }

  async write<T>(of: Kind<T>, id: string, document: T): Promise<void> {
    const path = this.path(of, id);
    const draft = `${path}.${randomUUID()}.draft`;
    await mkdir(join(this.directory, of.name), { recursive: true });
    await writeFile(draft, JSON.stringify(document));
    await rename(draft, path);
  }

  async read<T>(of: Kind<T>, id: string): Promise<T | undefined> {
    try {
      return JSON.parse(await readFile(this.path(of, id), 'utf8')) as T;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async ids(of: Kind<unknown>): Promise<string[]> {
    try {
      const files = await readdir(join(this.directory, of.name));
      return files.filter((file) => file.endsWith('.json')).map((file) => decodeURIComponent(file.slice(0, -5)));
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  async all<T>(of: Kind<T>): Promise<T[]> {
    const documents: T[] = [];
    for (const id of (await this.ids(of)).toSorted()) {
      const document = await this.read(of, id);
      if (document !== undefined) documents.push(document);
    }
    return documents;
  }

  private path(of: Kind<unknown>, id: string): string {
    return join(this.directory, of.name, `${encodeURIComponent(id)}.json`);
  }
}

/** Nothing has a name that the file system does not take. */
function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENAMETOOLONG'].includes((error as NodeJS.ErrnoException).code ?? '');
}
