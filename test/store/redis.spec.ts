import { Redis } from 'ioredis';
import { SystemClock } from '../../libs/job-scheduler/src/definition/clock.js';
import { openStore } from '../../libs/job-scheduler/src/store/open-store.js';
import { RedisKeys } from '../../libs/job-scheduler/src/store/redis/redis-keys.js';
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
