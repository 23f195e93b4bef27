/** How much is stored of ended executions of a job, or of the schedule that made them. */
import type { Redis } from 'ioredis';
import { RedisKeys } from '#src/store/redis/redis-keys.js';

/** What stands in indexes. */
export async function indexedLeft(redis: Redis, prefix: string, job: string, scheduleId: string): Promise<number> {
  const { base } = new RedisKeys(prefix);
  const finals = ['completed', 'failed', 'skipped', 'cancelled'];
  const keys = finals.flatMap((final) => [`${base}:ended:${job}:${final}`, `${base}:fired:${scheduleId}:${final}`]);
  const sizes = await Promise.all(keys.map((key) => redis.zcard(key)));
  return sizes.reduce((sum, size) => sum + size);
}

interface Client {
  query(text: string, values: unknown[]): Promise<{ rows: unknown[] }>;
}

export async function rowsLeft(client: Client, prefix: string, job: string, scheduleId: string): Promise<number> {
  const { rows } = await client.query(
    `SELECT count(*)::int AS left FROM "${prefix}".njs_execution WHERE job = $1 OR schedule = $2`,
    [job, scheduleId],
  );
  return (rows[0] as { left: number }).left;
}
