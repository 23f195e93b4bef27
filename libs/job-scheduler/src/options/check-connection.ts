import { isPlainObject, type OptionFaults } from '../definition/option-faults.js';
import { show } from '../definition/show.js';
import { didYouMean } from '../errors/did-you-mean.js';
import type { Connection } from './connection.js';

const SCHEMES = ['redis', 'rediss', 'postgres', 'postgresql', 'file', 'memory'];
const ALLOWED =
  'Allowed: "redis://…", "rediss://…", "postgres://…", "file:DIR", "memory:", an ioredis Redis or Cluster, options for one, a pg.Pool, a PGlite.';

/** Notes what is wrong with a connection, as far as it can be told before it is opened. */
export function checkConnection(at: string, value: unknown, fallback: Connection, faults: OptionFaults): Connection {
  if (value === undefined) return fallback;
  const problem =
    typeof value === 'string'
      ? textProblem(value)
      : isClientOrOptions(value)
        ? undefined
        : `${show(value)} is no connection. ${ALLOWED}`;
  if (problem === undefined) return value as Connection;
  faults.add(at, problem);
  return fallback;
}

/** Never shows the text itself: it may hold a password. */
function textProblem(text: string): string | undefined {
  const scheme = /^([a-z]+):/i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return `The text names no scheme. ${ALLOWED}`;
  if (!SCHEMES.includes(scheme))
    return `"${scheme}:" is no scheme of a job store.${didYouMean(scheme, SCHEMES, 'Known')} ${ALLOWED}`;
  if (scheme === 'memory')
    return text === 'memory:' ? undefined : 'A "memory:" connection has nothing after the colon.';
  if (scheme === 'file')
    return text.slice('file:'.length).trim() === ''
      ? 'A "file:" connection names a directory: "file:./data/jobs".'
      : undefined;
  return URL.canParse(text) ? undefined : `The "${scheme}:" URL cannot be read. ${ALLOWED}`;
}

function isClientOrOptions(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return isPlainObject(value) || 'connect' in value || 'waitReady' in value || 'query' in value;
}
