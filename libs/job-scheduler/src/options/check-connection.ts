import { types } from 'node:util';
import { isPlainObject, join, type OptionFaults } from '../common/option-faults.js';
import { didYouMean } from '../errors/did-you-mean.js';
import { urlProblem } from './check-connection-url.js';
import type { Connection } from './connection.js';

const SCHEMES = ['redis', 'rediss', 'postgres', 'postgresql', 'file', 'memory'];
const ALLOWED =
  'Allowed: "redis://…", "rediss://…", "postgres://…", "file:DIR", "memory:", an ioredis Redis or Cluster, options for one, a pg.Pool, a PGlite.';

/** Each of these alone says that an object is options for an ioredis client. */
const REDIS_OPTIONS = ['host', 'port', 'path', 'username', 'password', 'db', 'tls', 'sentinels', 'name'];

/**
 * Notes what is wrong with a connection, as far as it can be told before it is opened.
 * No message shows the connection itself: it may hold a password.
 */
export function checkConnection(at: string, value: unknown, fallback: Connection, faults: OptionFaults): Connection {
  if (value === undefined) return fallback;
  const before = faults.list.length;
  if (typeof value === 'string') checkText(at, value, faults);
  else if (types.isPromise(value)) faults.add(at, 'It is a promise. Await it first, or use forRootAsync().');
  else if (!isClient(value)) {
    if (isPlainObject(value)) checkRedisOptions(at, value, faults);
    else faults.add(at, `${kindOf(value)} is no connection. ${ALLOWED}`);
  }
  return faults.list.length === before ? (value as Connection) : fallback;
}

function checkText(at: string, text: string, faults: OptionFaults): void {
  const [, name] = /^([a-z][a-z\d+.-]{0,19}):(.*)$/is.exec(text) ?? [];
  if (name === undefined) return faults.add(at, `The text names no scheme. ${ALLOWED}`);
  const scheme = name.toLowerCase();
  if (!SCHEMES.includes(scheme)) {
    return faults.add(
      at,
      `"${scheme}:" is no scheme of a job store.${didYouMean(scheme, SCHEMES, 'Known')} ${ALLOWED}`,
    );
  }
  const problem = urlProblem(scheme, text);
  if (problem !== undefined) faults.add(at, problem);
}

function checkRedisOptions(at: string, options: Readonly<Record<string, unknown>>, faults: OptionFaults): void {
  if ('url' in options || 'connectionString' in options) {
    faults.add(at, 'Options take no URL: ioredis would ignore it. Give the URL itself as the connection.');
  } else if (Object.keys(options).length > 0 && !REDIS_OPTIONS.some((name) => options[name] !== undefined)) {
    faults.add(
      at,
      `The options name no server: ${Object.keys(options).join(', ')}. Allowed: ${REDIS_OPTIONS.join(', ')}.`,
    );
  }
  faults.integer(join(at, 'port'), options.port, 0, 1, 65_535);
  faults.integer(join(at, 'db'), options.db, 0, 0, 65_535);
  const { sentinels } = options;
  if (sentinels !== undefined && !(Array.isArray(sentinels) && sentinels.length > 0)) {
    faults.add(join(at, 'sentinels'), 'It is no list of servers. Allowed: [{ host, port }, …].');
  }
}

/** What the stores tell apart later: here it only has to be some client. */
function isClient(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { connect, query } = value as { connect?: unknown; query?: unknown };
  return typeof connect === 'function' || typeof query === 'function';
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'A list';
  if (value === null) return 'null';
  if (typeof value === 'object')
    return `An instance of ${(value.constructor as { name: string } | undefined)?.name ?? 'Object'}`;
  return `A value of type ${typeof value}`;
}
