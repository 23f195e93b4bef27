import { randomBytes } from 'node:crypto';

const made: string[] = [];

/** A namespace that no other test uses. Letters and digits only: fit for Redis keys, SQL schemas and directories. */
export function randomPrefix(): string {
  const prefix = `t${randomBytes(6).toString('hex')}`;
  made.push(prefix);
  return prefix;
}

/** The namespaces of this file, the newest first. */
export const madePrefixes = (): readonly string[] => made.toReversed();
