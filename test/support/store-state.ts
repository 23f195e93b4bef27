/** What the shared stores hold under the newest prefix of a spec file: for the message of a wait in vain. */
import { madePrefixes } from './prefix.js';

const KEYS = 60;
const ROWS = 5;
const WIDTH = 300;

/** A paragraph to put behind a message; empty where the file uses no shared store, or none answers. */
export async function storeState(): Promise<string> {
  const prefix = madePrefixes()[0];
  if (!prefix) return '';
  const parts = await Promise.allSettled([redisState(prefix), postgresState(prefix)]);
  const lines = parts.flatMap((part) =>
    part.status === 'fulfilled' ? part.value : [`(not read: ${String(part.reason)})`],
  );
  return lines.length > 0 ? `\nIn the stores, under ${prefix}:\n${lines.join('\n')}` : '';
}

const short = (value: unknown): string => JSON.stringify(value).slice(0, WIDTH);

async function redisState(prefix: string): Promise<string[]> {
  if (!process.env.TEST_REDIS_URL) return [];
  const { Redis } = await import('ioredis');
  const redis = new Redis(process.env.TEST_REDIS_URL, { retryStrategy: null, lazyConnect: true });
  try {
    await redis.connect();
    const keys = (await redis.keys(`*${prefix}*`)).toSorted();
    const lines = await Promise.all(
      keys.slice(0, KEYS).map(async (key) => `  ${key} = ${short(await readKey(redis, key))}`),
    );
    return keys.length > KEYS ? [...lines, `  and ${keys.length - KEYS} more keys`] : lines;
  } finally {
    redis.disconnect();
  }
}

type RedisClient = InstanceType<typeof import('ioredis').Redis>;

async function readKey(redis: RedisClient, key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'string':
      return redis.get(key);
    case 'hash':
      return redis.hgetall(key);
    case 'list':
      return redis.lrange(key, 0, 19);
    case 'set':
      return redis.smembers(key);
    case 'zset':
      return redis.zrange(key, '0', '19', 'WITHSCORES');
    default:
      return `a ${await redis.type(key)}`;
  }
}

async function postgresState(prefix: string): Promise<string[]> {
  if (!process.env.TEST_POSTGRES_URL) return [];
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: process.env.TEST_POSTGRES_URL });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables WHERE table_schema LIKE $1 ORDER BY 1`,
      [`%${prefix}%`],
    );
    const lines: string[] = [];
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: unknown }>(
        `SELECT to_jsonb(t) AS row FROM ${name} t LIMIT ${ROWS + 1}`,
      );
      if (rows.length === 0) continue;
      lines.push(`  ${name}${rows.length > ROWS ? `, the first ${ROWS} rows` : ''}`);
      lines.push(...rows.slice(0, ROWS).map(({ row }) => `    ${short(row)}`));
    }
    return lines;
  } finally {
    await client.end();
  }
}
