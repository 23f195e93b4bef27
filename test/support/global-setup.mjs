/**
 * One Redis and, where it is installed, one PostgreSQL for the whole run. Tests keep apart by prefix. And our sources
 * compiled, for the processes that tests start.
 */
import { bundleChildren } from './bundled.mjs';
import { compileSources } from './compiled.mjs';
import { startPostgres, startRedis } from './servers.mjs';

export default async function globalSetup() {
  const [redis, postgres, compiled] = await Promise.all([startRedis(), startPostgres(), compileSources()]);
  // The short suite starts too few of them.
  if (process.env.TEST_SUITE === 'long') await bundleChildren(compiled.directory);
  process.env.TEST_REDIS_URL = redis.url;
  if (postgres) process.env.TEST_POSTGRES_URL = postgres.url;
  process.env.TEST_COMPILED = compiled.directory;
  globalThis.compiledSources = compiled;
  globalThis.testServers = [redis, ...(postgres ? [postgres] : [])];
}
