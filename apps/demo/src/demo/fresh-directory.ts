import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

const KEPT = 2;
const RUN = /^run-\d{4}-\d{2}-\d{2}T[\d-]+Z$/;

/** Makes a directory for one run, and removes those of old runs. */
export async function freshDirectory(parent: string, now = new Date()): Promise<string> {
  await mkdir(parent, { recursive: true });
  const runs = (await readdir(parent)).filter((name) => RUN.test(name)).toSorted();
  const old = runs.slice(0, Math.max(0, runs.length - (KEPT - 1)));
  for (const name of old) await rm(join(parent, name), { recursive: true, force: true });
  const directory = join(parent, `run-${now.toISOString().replaceAll(/[:.]/g, '-')}`);
  await mkdir(directory);
  return directory;
}
