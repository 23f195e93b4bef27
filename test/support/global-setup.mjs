/** One Redis and, where it is installed, one PostgreSQL for the whole run. Tests keep apart by prefix. */
import { startPostgres, startRedis } from './servers.mjs';

export default async function globalSetup() {
  const redis = await startRedis();
  const postgres = await startPostgres();
  process.env.TEST_REDIS_URL = redis.url;
  if (postgres) process.env.TEST_POSTGRES_URL = postgres.url;
  globalThis.testServers = [redis, ...(postgres ? [postgres] : [])];
}
