import { expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { SystemClock } from '../../libs/job-scheduler/src/definition/clock.js';
import { openStore } from '../../libs/job-scheduler/src/store/open-store.js';
import { RedisKeys } from '../../libs/job-scheduler/src/store/redis/redis-keys.js';
import { randomPrefix } from '../support/prefix.js';
import { describeStore } from './conformance.js';

const url = process.env.TEST_REDIS_URL!;
const clock = new SystemClock();

describeStore('Redis', {
  kind: 'redis',
  ordered: true,
  open: (prefix) => openStore({ connection: url, prefix, clock }),
  async corrupt(prefix, id) {
    const redis = new Redis(url);
    await redis.hset(new RedisKeys(prefix).execution(id), 'h', '{"cut off');
    await redis.quit();
  },
});

test('a wake-up is handed on as BullMQ’s marker; a sooner time is kept', async () => {
  const prefix = randomPrefix();
  const store = await openStore({ connection: url, prefix, clock });
  const redis = new Redis(url);
  const marker = () => redis.zrange(`{${prefix}:low}:low:marker`, '0', '-1', 'WITHSCORES');
  await store.queues.handOn('low', 2_000);
  await store.queues.handOn('low', 3_000);
  expect(await marker()).toEqual(['1', '2000']);
  await store.queues.handOn('low', 1_000);
  await store.queues.handOn('low', 0);
  expect(await marker()).toEqual(['0', '0', '1', '1000']);
  await Promise.all([store.close(), redis.quit()]);
});

test('keys of ours and of BullMQ stand under the prefix, and nowhere else', async () => {
  const prefix = randomPrefix();
  const store = await openStore({ connection: url, prefix, clock });
  const redis = new Redis(url);
  const queue = store.queues.queue('low');
  await queue.add('hello', {}, { jobId: 'hello-1' });
  await store.facts.keep('a', 'b');
  await store.presence.beat('w', 1_000);
  await store.executions.recordStep('x', 'j', 'low', 1, { name: 's', startedAt: 1, finishedAt: 1 });
  const keys = (await redis.keys('*')).filter((key) => key.includes(prefix));
  expect(new Set(keys.map((key) => key.split('}')[0]))).toEqual(new Set([`{${prefix}`, `{${prefix}:low`]));
  await queue.close();
  await Promise.all([store.close(), redis.quit()]);
});
