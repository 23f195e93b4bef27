import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { freshDirectory } from './fresh-directory.js';

it('makes a directory for each run, keeps the newest two, and touches nothing else', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'newsroom-demo-'));
  try {
    await mkdir(join(parent, 'run-notes'));
    const days = [1, 2, 3, 4].map((day) => new Date(Date.UTC(2026, 0, day)));
    for (const day of days) await freshDirectory(parent, day);
    expect((await readdir(parent)).toSorted()).toEqual([
      'run-2026-01-03T00-00-00-000Z',
      'run-2026-01-04T00-00-00-000Z',
      'run-notes',
    ]);
  } finally {
    await rm(parent, { recursive: true });
  }
});
