import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { checkEntries, checksumOf, pack } from './archive.js';
import { takeSnapshot } from './snapshot.js';

let directory: string;
const at = (...path: string[]) => join(directory, ...path);

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'newsroom-backup-'));
  await mkdir(at('documents', 'articles'), { recursive: true });
  await writeFile(at('documents', 'articles', 'one.json'), '{"title":"One"}');
  await writeFile(at('documents', 'articles', 'two.json'), '{"title":"Two"}');
});

afterEach(() => rm(directory, { recursive: true }));

describe('backup', () => {
  it('packs a snapshot, whose entries can be read back', async () => {
    const manifest = await takeSnapshot(at('documents'), at('snapshot'));
    expect(Object.keys(manifest)).toEqual(['articles/one.json', 'articles/two.json']);
    await pack(at('snapshot'), at('backup.tar.gz'));
    expect(await checkEntries(at('backup.tar.gz'))).toBe(2);
  });

  it('finds an entry that is not as it was in the snapshot', async () => {
    await takeSnapshot(at('documents'), at('snapshot'));
    await rm(at('snapshot', 'articles', 'two.json'));
    await writeFile(at('snapshot', 'articles', 'two.json'), '{"title":"2"}');
    await pack(at('snapshot'), at('backup.tar.gz'));
    await expect(checkEntries(at('backup.tar.gz'))).rejects.toThrow('1 entries, articles/two.json the first');
  });

  it('finds an entry that is missing', async () => {
    await takeSnapshot(at('documents'), at('snapshot'));
    await rm(at('snapshot', 'articles', 'one.json'));
    await pack(at('snapshot'), at('backup.tar.gz'));
    await expect(checkEntries(at('backup.tar.gz'))).rejects.toThrow('articles/one.json');
  });

  it('finds an archive that is cut off, or changed anywhere', async () => {
    await takeSnapshot(at('documents'), at('snapshot'));
    await pack(at('snapshot'), at('backup.tar.gz'));
    const checksum = await checksumOf(at('backup.tar.gz'));
    const content = await readFile(at('backup.tar.gz'));
    await writeFile(at('short.tar.gz'), content.subarray(0, content.length / 2));
    await expect(checkEntries(at('short.tar.gz'))).rejects.toThrow('unexpected end of file');
    content[content.length - 3] = (content[content.length - 3] ?? 0) ^ 1;
    await writeFile(at('changed.tar.gz'), content);
    expect(await checksumOf(at('changed.tar.gz'))).not.toBe(checksum);
  });

  it('is of the moment of the snapshot: later changes are not in it', async () => {
    await takeSnapshot(at('documents'), at('snapshot'));
    await writeFile(at('documents', 'articles', 'three.json'), '{}');
    await pack(at('snapshot'), at('backup.tar.gz'));
    expect(await checkEntries(at('backup.tar.gz'))).toBe(2);
  });
});
