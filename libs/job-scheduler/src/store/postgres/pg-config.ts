import type { Pool, PoolConfig } from 'pg';

/** Common to every connection that we open. */
const CONNECTION: PoolConfig = {
  keepAlive: true,
  keepAliveInitialDelayMillis: 10_000,
  connectionTimeoutMillis: 4_000,
  application_name: 'nestjs-job-scheduler',
};

/**
 * How we connect to a URL: the search path, and an isolation in which each statement sees what others have committed, are
 * start-up options beside those of the URL. They come before what the role or the database has set. `max` in the URL is the
 * size of the pool.
 */
export function configOf(text: string, schema: string): PoolConfig {
  const own = `-c search_path="${schema}" -c default_transaction_isolation=read\\ committed`;
  if (!URL.canParse(text)) return { ...CONNECTION, connectionString: text, options: own };
  const url = new URL(text);
  const options = url.searchParams.get('options');
  // pg-pool reads the number from its options only.
  const max = url.searchParams.get('max');
  for (const name of ['options', 'max']) url.searchParams.delete(name);
  return {
    ...CONNECTION,
    connectionString: url.href,
    options: options ? `${options} ${own}` : own,
    ...(max !== null && { max: Number(max) }),
  };
}

export function addressOfUrl(text: string): string {
  if (!URL.canParse(text)) return 'postgres: (a URL that cannot be read)';
  const { host, pathname } = new URL(text);
  return `postgres://${host}${pathname}`;
}

export function addressOfPool(pool: Pool): string {
  const { connectionString, host, port, database } = pool.options;
  if (connectionString) return addressOfUrl(connectionString);
  return `postgres://${host ?? process.env['PGHOST'] ?? 'localhost'}:${port ?? process.env['PGPORT'] ?? 5_432}/${database ?? process.env['PGDATABASE'] ?? ''}`;
}
