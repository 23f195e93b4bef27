import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { create, list } from 'tar';
import { MANIFEST, sha256, type Manifest } from './snapshot.js';

/** Packs a snapshot: tar, gzip. */
export async function pack(directory: string, file: string): Promise<void> {
  await create({ gzip: true, cwd: directory, file, portable: true }, ['.']);
}

export async function checksumOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** Reads every entry back, and compares it with the manifest that was packed with it. @returns how many there are. */
export async function checkEntries(file: string): Promise<number> {
  const found = new Map<string, Buffer>();
  await list({
    file,
    strict: true,
    onReadEntry: (entry) => {
      const chunks: Buffer[] = [];
      entry.on('data', (chunk: Buffer) => chunks.push(chunk));
      entry.on('end', () => {
        if (entry.type === 'File') found.set(entry.path.replace(/^\.\//, ''), Buffer.concat(chunks));
      });
    },
  });
  const packed = found.get(MANIFEST);
  if (!packed) throw new Error(`${file} has no manifest`);
  const manifest = JSON.parse(packed.toString()) as Manifest;
  found.delete(MANIFEST);
  const wrong = [...new Set([...Object.keys(manifest), ...found.keys()])].filter((path) => {
    const content = found.get(path);
    return !content || sha256(content) !== manifest[path];
  });
  if (wrong.length > 0) throw new Error(`${file} is damaged: ${wrong.length} entries, ${wrong[0]} the first`);
  return found.size;
}
