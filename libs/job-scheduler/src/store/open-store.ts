import type { Clock } from '../definition/clock.js';
import type { Connection } from '../options/connection.js';
import type { Store } from './ports.js';
import { openRedisStore } from './redis/redis-store.js';

export interface OpenStoreOptions {
  readonly connection: Connection;
  /** Namespace of every key and schema. */
  readonly prefix: string;
  readonly clock: Clock;
}

/** Opens the store that a connection names. */
export async function openStore(options: OpenStoreOptions): Promise<Store> {
  return openRedisStore(options as Parameters<typeof openRedisStore>[0]);
}
