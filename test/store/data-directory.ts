import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { SystemClock } from '#src/common/clock.js';
import { openStore } from '#src/store/open-store.js';

const made: string[] = [];
let template: Promise<string> | undefined;

afterAll(() => Promise.all(made.map((directory) => rm(directory, { recursive: true, force: true }))));

/** An empty directory, gone at the end of the file. */
export async function emptyDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'job-file-'));
  made.push(directory);
  return directory;
}

/** A directory that a `file:` store has used before. To create one takes seconds; this one is a copy of the file's first. */
export async function usedDirectory(): Promise<string> {
  const directory = await emptyDirectory();
  await cp(await (template ??= createTemplate()), directory, { recursive: true });
  return directory;
}

async function createTemplate(): Promise<string> {
  const directory = await emptyDirectory();
  const store = await openStore({ connection: `file:${directory}`, prefix: 'template', clock: new SystemClock() });
  await store.close();
  return directory;
}
