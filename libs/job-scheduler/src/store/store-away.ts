import { StoreUnavailableError } from '../errors/store-errors.js';

/** Node's codes of connections that could not be made or broke. */
const SOCKET_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'EADDRNOTAVAIL',
]);

/** ioredis gives these no code. */
const REDIS_NAMES = new Set(['MaxRetriesPerRequestError', 'AbortError', 'ClusterAllFailedError']);
const REDIS_TEXTS =
  /^(?:Connection is closed|Connection is lost|Command timed out|Stream isn't writeable|Socket timeout|Socket closed|None of startup nodes|All sentinels are unreachable|READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|NOREPLICAS|TRYAGAIN|UNBLOCKED)/;

/**
 * SQLSTATEs: connection exceptions (08), the server stops or starts (57P), too many connections (53300),
 * and a standby after a failover (25006).
 */
const SQL_STATES = /^(?:08...|57P0[1-5]|53300|25006)$/;
/** node-postgres gives these no code. */
const PG_TEXTS =
  /^(?:Connection terminated|Client has encountered a connection error|Client was closed|timeout exceeded when trying to connect|timeout expired|Query read timeout|Cannot use a pool after calling end)/;

/** Whether an error means that the store could not be reached or cannot serve now, and not that the command was wrong. */
export function isStoreAway(error: unknown): boolean {
  const { code, name, message } = (error ?? {}) as { code?: unknown; name?: unknown; message?: unknown };
  if (typeof code === 'string' && (SOCKET_CODES.has(code) || SQL_STATES.test(code))) return true;
  if (typeof name === 'string' && REDIS_NAMES.has(name)) return true;
  return typeof message === 'string' && (REDIS_TEXTS.test(message) || PG_TEXTS.test(message));
}

/**
 * Answers by which a server that can be reached says that it cannot do now what it can do at other times: it lacks memory,
 * disk or a right, is busy, or gave up on a lock or a deadlock.
 */
const REDIS_TROUBLE =
  /^(?:OOM|MISCONF|BUSY|UNKILLABLE|NOPERM|NOAUTH|WRONGPASS|MOVED|ASK|EXECABORT|NOSCRIPT|ERR max number of clients|Too many Cluster redirections)/;
const SQL_TROUBLE = /^(?:28|40|53|55|57|58)...$|^42501$/;

/**
 * Whether an error is the store's: that it is away, or in trouble. All others come from what was asked of it, and would come
 * again.
 */
export function isStoreFault(error: unknown): boolean {
  if (error instanceof StoreUnavailableError || isStoreAway(error)) return true;
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && SQL_TROUBLE.test(code)) return true;
  return typeof message === 'string' && REDIS_TROUBLE.test(message);
}

/** SQLSTATEs of a schema, table, column or function that is not there. */
const SQL_MISSING = /^(?:3F000|42P01|42703|42883)$/;

/** Whether the store lacks what the boot makes in it: somebody has dropped or changed it since. */
export function isUnmade(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && SQL_MISSING.test(code);
}

/** The best text there is: an error of several attempts to connect has an empty message. */
export function reasonOf(error: unknown): string {
  const { code, message, lastNodeError } = (error ?? {}) as {
    code?: unknown;
    message?: unknown;
    lastNodeError?: unknown;
  };
  const text = typeof message === 'string' && message !== '' ? message : String(code ?? error);
  return lastNodeError === undefined ? text : `${text} (${reasonOf(lastNodeError)})`;
}
