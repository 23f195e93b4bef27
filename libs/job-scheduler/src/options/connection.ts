/** What is used of an ioredis `Redis` or `Cluster`. Typed by shape, so that ioredis stays an optional peer. */
export interface RedisLike {
  connect(...args: never[]): Promise<unknown>;
  disconnect(...args: never[]): void;
  duplicate(...args: never[]): unknown;
  readonly status: string;
}

/** What is used of a `pg.Pool`. */
export interface PgPoolLike {
  connect(): Promise<unknown>;
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
  readonly totalCount: number;
}

/** What is used of a PGlite instance. */
export interface PGliteLike {
  query(text: string, params?: unknown[]): Promise<{ rows: unknown[] }>;
  listen(channel: string, callback: (payload: string) => void): Promise<unknown>;
  readonly waitReady: Promise<void>;
}

/** Options for a new ioredis client, Sentinel ones included. */
export interface RedisLikeOptions {
  host?: string;
  port?: number;
  username?: string;
  password?: string;
  db?: number;
  tls?: object;
  sentinels?: { host: string; port: number }[];
  name?: string;
  sentinelUsername?: string;
  sentinelPassword?: string;
  [option: string]: unknown;
}

/**
 * Where jobs are kept: `redis://`, `rediss://`, `postgres://`, `file:DIR` or `memory:`, or a client or options for one.
 */
export type Connection = string | RedisLikeOptions | RedisLike | PgPoolLike | PGliteLike;
