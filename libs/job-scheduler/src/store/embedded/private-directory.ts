import { chmod, mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** The rights of everybody but the owner. */
export const OTHERS = 0o077;

/** A directory that is its owner's alone. */
export async function makePrivate(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await close(directory, 0o700);
}

/** PGlite gives the files of a new database the rights of any file, and so did earlier releases: once, all of them are closed. */
export async function keepPrivate(data: string): Promise<void> {
  if (process.platform === 'win32') return;
  const { mode } = await stat(join(data, 'PG_VERSION'));
  if ((mode & OTHERS) === 0) return;
  const entries = await readdir(data, { recursive: true, withFileTypes: true });
  const files = entries.toSorted((a, b) => Number(a.name === 'PG_VERSION') - Number(b.name === 'PG_VERSION'));
  // The file that tells comes last.
  for (const entry of files) await close(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o700 : 0o600);
}

/** What is another user's, who lets this one in, keeps its rights; and it may be gone meanwhile. */
async function close(path: string, mode: number): Promise<void> {
  await chmod(path, mode).catch(() => undefined);
}
