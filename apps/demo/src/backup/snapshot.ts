import { createHash } from 'node:crypto';
import { copyFile, link, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

export const MANIFEST = 'MANIFEST.json';

/** SHA-256 by file, relative to the snapshot. */
export type Manifest = Readonly<Record<string, string>>;

/**
 * Holds a directory's files as they are now. Links are enough, and quick: the newsroom replaces files as a whole,
 * so that a linked one does not change any more.
 */
export async function takeSnapshot(source: string, target: string): Promise<Manifest> {
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  const manifest: Record<string, string> = {};
  for (const file of await filesIn(source)) {
    const path = join(target, file);
    await mkdir(dirname(path), { recursive: true });
    await link(join(source, file), path).catch(() => copyFile(join(source, file), path));
    manifest[file.replaceAll('\\', '/')] = sha256(await readFile(path));
  }
  await writeFile(join(target, MANIFEST), JSON.stringify(manifest));
  return manifest;
}

export function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.json'))
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .toSorted();
}
