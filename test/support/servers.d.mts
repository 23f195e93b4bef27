/** A server that a test started. */
export interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Ends it and removes its directory. Safe to call twice. */
  stop(): Promise<void>;
}

/** A TCP port that nobody listens on. */
export function freePort(): Promise<number>;
/** `redis-server` with no persistence. `port` is given to start one again where another was. */
export function startRedis(options?: { port?: number; args?: readonly string[] }): Promise<TestServer>;
/** The directory of `initdb` and `postgres`; undefined when PostgreSQL is not installed. */
export function findPostgres(): string | undefined;
/**
 * A PostgreSQL cluster of its own; undefined when PostgreSQL is not installed.
 * @param options `password`: of the role `postgres`; then nobody gets in without one.
 */
export function startPostgres(options?: { password?: string }): Promise<TestServer | undefined>;
