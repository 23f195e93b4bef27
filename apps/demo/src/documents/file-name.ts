import { createHash } from 'node:crypto';

/** File systems take names of 255 bytes; what comes before and after has room, too. */
const LONGEST = 160;
const LONGEST_ID = 256;

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Part of a file's name that stands for `id` and leads nowhere else, whatever the id holds. */
export function fileNameOf(id: string): string {
  const name = encodeURIComponent(id);
  return name.length <= LONGEST ? name : `${name.slice(0, LONGEST - 65)}~${hashOf(id)}`;
}

/** The id of an execution that another one enqueues: the same each time, and never longer than an id may be. */
export function childId(parent: string, part: string): string {
  const id = `${parent}:${part}`;
  return id.length <= LONGEST_ID ? id : hashOf(id);
}
