import type { Cluster, Redis, RedisOptions } from 'ioredis';
import type { RedisLike, RedisLikeOptions } from '../../../options/connection.js';
import { StoreUnsupportedError } from '../../../errors/store-errors.js';
import { optionalDriver, rethrow } from '../../optional-driver.js';
import type { CommandClass } from '../finish/finish-sender.js';
import { withLiveCredentials } from './live-credentials.js';
import { withOwnSockets } from './own-sockets.js';
import { type RedisClient, type RedisRole, withScripts } from './redis-client.js';
import { withTolerantInfo } from './tolerant-info.js';

/** Makes clients to one Redis. */
export interface RedisSource {
  /** For messages: no user, no password. */
  readonly address: string;
  readonly cluster: boolean;
  /** Undefined when a client was given and ioredis cannot be loaded here. */
  readonly Command: CommandClass | undefined;
  /** A new client that does not connect before its first command. */
  create(role: RedisRole): RedisClient;
  /** A new client that hears messages, to one server; on a Cluster, to any node that `known` knows. It tries to connect once. */
  createSubscriber(known: RedisClient): Redis;
}

/** Short delays first, then one every half or whole second, for as long as it takes. */
function retryAfter(longest: number): (times: number) => number {
  return (times) => Math.min(longest, 50 * 2 ** Math.min(times - 1, 10));
}

/**
 * `socketTimeout`: a network that drops everything, or a host that dies without a word, closes no connection; the system would
 * wait for a quarter of an hour. It begins with a command, so that an idle connection stays.
 */
const ROLE_OPTIONS: Readonly<Record<RedisRole, RedisOptions>> = {
  // Nine attempts take about 2.5 s: then commands that wait are dropped, so that they are not run much later, unawaited.
  producer: { maxRetriesPerRequest: 8, retryStrategy: retryAfter(500), socketTimeout: 10_000 },
  // BullMQ refuses a limit of retries on connections that block. They block for ten seconds at most, and then say so.
  // BullMQ also disconnects what is disconnected already, and ioredis keeps the process up for this long then.
  worker: {
    maxRetriesPerRequest: null,
    retryStrategy: retryAfter(1_000),
    disconnectTimeout: 100,
    socketTimeout: 15_000,
  },
};

/** Who makes them anew wants to know of each break, and asks from time to time whether the server is there. */
const SUBSCRIBER: RedisOptions = {
  maxRetriesPerRequest: null,
  retryStrategy: () => null,
  keepAlive: 10_000,
  socketTimeout: 10_000,
};

function optionsFor(role: RedisRole | 'subscriber'): RedisOptions {
  return {
    ...(role === 'subscriber' ? SUBSCRIBER : ROLE_OPTIONS[role]),
    lazyConnect: true,
    connectTimeout: 5_000,
    enableOfflineQueue: true,
    autoResendUnfulfilledCommands: true,
    // It would cut off commands that block; a producer has a deadline of ours.
    commandTimeout: undefined,
    // Pipelines of BullMQ and of ours must leave in the order in which they were issued.
    enableAutoPipelining: false,
    // BullMQ and our scripts read numbers.
    stringNumbers: false,
  };
}

export function isRedisClient(connection: object): connection is RedisLike {
  const { connect, disconnect, duplicate, status } = connection as Partial<RedisLike>;
  return [connect, disconnect, duplicate].every((method) => typeof method === 'function') && typeof status === 'string';
}

/**
 * Loads ioredis, and finds out where a connection leads.
 * @throws DriverMissingError, StoreUnsupportedError
 */
export async function redisSource(connection: string | RedisLikeOptions | RedisLike): Promise<RedisSource> {
  if (typeof connection === 'object' && isRedisClient(connection))
    return clientSource(connection, await loadedCommand());
  const address = typeof connection === 'string' ? addressOfRedisUrl(connection) : addressOfOptions(connection);
  const { Command, Redis } = await optionalDriver('ioredis', address, () => import('ioredis').catch(rethrow));
  const create = (role: RedisRole | 'subscriber') =>
    typeof connection === 'string'
      ? new Redis(withoutForced(connection), optionsFor(role))
      : new Redis({ ...(connection as RedisOptions), ...optionsFor(role) });
  const { keyPrefix } = create('producer').options;
  refuseKeyPrefix(keyPrefix, address);
  return {
    address,
    cluster: false,
    Command,
    create: (role) => withScripts(prepared(create(role))),
    createSubscriber: () => prepared(create('subscriber')),
  };
}

async function loadedCommand(): Promise<CommandClass | undefined> {
  try {
    return (await import('ioredis').catch(rethrow)).Command;
  } catch {
    return undefined;
  }
}

/** A user's client is only ever duplicated: what we need of a connection, its options may not allow. */
function clientSource(client: RedisLike, Command: CommandClass | undefined): RedisSource {
  const given = client as unknown as Redis | Cluster;
  if (given.isCluster) {
    const cluster = given as Cluster;
    const shared = cluster.options.redisOptions ?? {};
    const address = `${(cluster.options as { scheme?: string }).scheme ?? 'redis'} cluster ${addressesOfCluster(cluster)}`;
    refuseStringNumbers((shared as RedisOptions).stringNumbers, address);
    refuseKeyPrefix(cluster.options.keyPrefix ?? (shared as RedisOptions).keyPrefix, address);
    const current = () => cluster.options.redisOptions;
    const create = (role: RedisRole) =>
      cluster.duplicate([], {
        lazyConnect: true,
        enableOfflineQueue: true,
        enableAutoPipelining: false,
        // A replica lags behind: BullMQ would not see what it has just written.
        scaleReads: 'master',
        clusterRetryStrategy: retryAfter(1_000),
        redisOptions: { ...shared, ...optionsFor(role) },
      });
    return {
      address,
      cluster: true,
      Command,
      create: (role) => withScripts(withLiveCredentials(prepared(create(role)), current)),
      // A duplicate of a node that takes the credentials of this moment; each connection of a subscriber is a new one.
      createSubscriber: anyNode,
    };
  }
  const redis = given as Redis;
  const address = addressOfOptions(redis.options as RedisLikeOptions);
  refuseStringNumbers(redis.options.stringNumbers, address);
  refuseKeyPrefix(redis.options.keyPrefix, address);
  return {
    address,
    cluster: false,
    Command,
    create: (role) =>
      withScripts(withLiveCredentials(prepared(redis.duplicate(optionsFor(role))), () => redis.options)),
    createSubscriber: () => prepared(redis.duplicate(optionsFor('subscriber'))),
  };
}

/** Nodes hand messages on to each other. */
function anyNode(cluster: RedisClient): Redis {
  const nodes = (cluster as Cluster).nodes('master');
  const node = nodes[Math.floor(Math.random() * nodes.length)];
  if (!node) throw new Error('None of startup nodes of the cluster can be reached now');
  return prepared(node.duplicate(optionsFor('subscriber')));
}

/** ioredis prefers options in the URL's query to ours. */
function withoutForced(text: string): string {
  if (!URL.canParse(text) || !text.includes('?')) return text;
  const url = new URL(text);
  for (const option of Object.keys(optionsFor('producer'))) url.searchParams.delete(option);
  return url.href;
}

function prepared<C extends Redis | Cluster>(client: C): C {
  return withTolerantInfo(withOwnSockets(client));
}

function refuseKeyPrefix(keyPrefix: string | undefined, address: string): void {
  if (!keyPrefix) return;
  throw new StoreUnsupportedError(
    address,
    `has the ioredis option keyPrefix ${JSON.stringify(keyPrefix)}, which BullMQ cannot work with. Leave it out and set the module's option prefix.`,
  );
}

function refuseStringNumbers(stringNumbers: boolean | undefined, address: string): void {
  if (!stringNumbers) return;
  throw new StoreUnsupportedError(
    address,
    'has the ioredis option stringNumbers, with which BullMQ misreads the answers of its scripts. Leave it out, or hand over a client of its own.',
  );
}

/** A URL without its user and password. */
export function addressOfRedisUrl(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url);
    return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
  } catch {
    return `${url.split(':', 1)[0]}: (a URL that cannot be read)`;
  }
}

function addressOfOptions(options: RedisLikeOptions): string {
  const scheme = options.tls ? 'rediss' : 'redis';
  const db = options.db ? `/${options.db}` : '';
  if (options.sentinels) {
    const hosts = options.sentinels.map(({ host, port }) => `${host}:${port ?? 26_379}`);
    return `${scheme} "${options.name ?? ''}" by Sentinel ${hosts.join(', ')}${db}`;
  }
  if (typeof options['path'] === 'string') return `${scheme}://${options['path']}${db}`;
  return `${scheme}://${options.host ?? 'localhost'}:${options.port ?? 6_379}${db}`;
}

function addressesOfCluster(cluster: Cluster): string {
  const nodes = (cluster as unknown as { startupNodes?: unknown[] }).startupNodes ?? [];
  return nodes
    .map((node) => {
      if (typeof node === 'string') return addressOfRedisUrl(node);
      if (typeof node === 'number') return `localhost:${node}`;
      const { host, port } = node as { host?: string; port?: number };
      return `${host ?? 'localhost'}:${port ?? 6_379}`;
    })
    .join(', ');
}
