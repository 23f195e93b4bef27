import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { Injectable } from '@nestjs/common';
import { JobAbortError } from 'nestjs-job-scheduler';
import { NewsroomConfig } from '../newsroom.config.js';
import type { Article } from './article.js';
import { teaserOf, titleOf } from './markdown.js';

const README = /^readme(\.md|\.markdown|\.txt)?$/i;

/** The newsroom's source: installed packages and their README files. */
@Injectable()
export class PackageLibrary {
  private readonly root: string;

  constructor(config: NewsroomConfig) {
    this.root = config.packagesDirectory;
  }

  /** Where the packages are that have a README, each version of a package once. */
  async directories(): Promise<string[]> {
    const found = new Map<string, string>();
    for await (const directory of this.packagesIn(this.root)) {
      const [id, readme] = await Promise.all([packageId(directory), readmeIn(directory)]);
      if (id && readme && !found.has(id)) found.set(id, relative(this.root, directory));
    }
    return [...found.values()].toSorted();
  }

  async read(directory: string): Promise<Article> {
    const path = resolve(this.root, directory);
    // Payloads come from outside, too: they must not lead out of the library.
    if (!path.startsWith(this.root + sep)) throw new JobAbortError(`"${directory}" is not a package of this library`);
    const [id, readme] = await Promise.all([packageId(path), readmeIn(path)]);
    if (!id || !readme) throw new JobAbortError(`There is no package with a README in "${directory}"`);
    const body = await readFile(join(path, readme), 'utf8');
    const sha256 = createHash('sha256').update(body).digest('hex');
    return { id, title: titleOf(body) ?? id, teaser: teaserOf(body), body, sha256, directory };
  }

  private async *packagesIn(modules: string): AsyncGenerator<string> {
    for (const { name } of (await entriesOf(modules)).filter(isOpenDirectory)) {
      const directory = join(modules, name);
      if (name.startsWith('@')) {
        yield* this.packagesIn(directory);
      } else {
        yield directory;
        yield* this.packagesIn(join(directory, 'node_modules'));
      }
    }
  }
}

function isOpenDirectory(entry: Dirent): boolean {
  return entry.isDirectory() && !entry.name.startsWith('.');
}

async function entriesOf(directory: string): Promise<Dirent[]> {
  return (await unlessMissing(readdir(directory, { withFileTypes: true }))) ?? [];
}

async function readmeIn(directory: string): Promise<string | undefined> {
  const files = (await entriesOf(directory)).filter((entry) => entry.isFile()).map(({ name }) => name);
  return files.toSorted().find((name) => README.test(name));
}

async function packageId(directory: string): Promise<string | undefined> {
  const text = await unlessMissing(readFile(join(directory, 'package.json'), 'utf8'));
  const { name, version } = JSON.parse(text ?? '{}') as { name?: string; version?: string };
  return name && version && `${name}@${version}`;
}

async function unlessMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
