import type { Clock } from '../common/clock.js';
import type { Connection } from '../options/connection.js';
import { StoreUnsupportedError } from '../errors/store-errors.js';
import { openFileStore, openPgliteStore } from './embedded/embedded-store.js';
import { isPGlite } from './embedded/pglite-driver.js';
import { isPgPool } from './postgres/driver/pool-driver.js';
import { openPostgresStore } from './postgres/postgres-store.js';
import { openMemoryStore } from './memory/memory-store.js';
import type { Store } from './ports/ports.js';
import { openRedisStore } from './redis/redis-store.js';

export interface OpenStoreOptions {
  readonly connection: Connection;
  /** Namespace of every key and schema. */
  readonly prefix: string;
  readonly clock: Clock;
}

/**
 * Opens the store that a connection names.
 * @throws StoreUnavailableError within 10 s, StoreUnsupportedError, StoreInUseError, DriverMissingError
 */
export async function openStore({ connection, prefix, clock }: OpenStoreOptions): Promise<Store> {
  if (typeof connection === 'string') return openUrl(connection, prefix, clock);
  if (isPGlite(connection)) return openPgliteStore(connection, prefix, clock);
  if (isPgPool(connection)) return openPostgresStore({ connection, prefix, clock });
  return openRedisStore({ connection, prefix, clock });
}

async function openUrl(url: string, prefix: string, clock: Clock): Promise<Store> {
  const scheme = /^[a-z]+:/i.exec(url)?.[0].toLowerCase();
  switch (scheme) {
    case 'redis:':
    case 'rediss:':
      return openRedisStore({ connection: url, prefix, clock });
    case 'postgres:':
    case 'postgresql:':
      return openPostgresStore({ connection: url, prefix, clock });
    case 'file:':
      return openFileStore(url, prefix, clock);
    case 'memory:':
      return openMemoryStore({ prefix, clock });
    default:
      throw new StoreUnsupportedError(
        `${scheme ?? ''}…`,
        'is of no known kind. Known: redis://, rediss://, postgres://, file:DIR and memory:.',
      );
  }
}
