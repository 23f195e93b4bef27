import { expect, jest, test } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { SystemClock } from '#src/common/clock.js';
import { openStore } from '#src/store/open-store.js';
import { RedisKeys } from '#src/store/redis/redis-keys.js';
import { randomPrefix } from '../support/prefix.js';
import { startRedis } from '../support/servers.mjs';
import { until } from '../support/until.js';
import { describeStore } from './conformance.js';
import { ended } from './conformance/fixtures.js';
import { schedule } from './conformance/schedules.js';
import { indexedLeft } from './left.js';

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
  async corruptSchedule(prefix, id) {
    const redis = new Redis(url);
    await redis.hset(new RedisKeys(prefix).schedules, id, '3:{"cut off');
    await redis.quit();
  },
  async left(prefix, job, scheduleId) {
    const redis = new Redis(url);
    const left = await indexedLeft(redis, prefix, job, scheduleId);
    await redis.quit();
    return left;
  },
});

test('BullMQ’s marker is passed on; a sooner time is kept', async () => {
  const prefix = randomPrefix();
  const store = await openStore({ connection: url, prefix, clock });
  const redis = new Redis(url);
  const marker = () => redis.zrange(`{${prefix}:low}:low:marker`, '0', '-1', 'WITHSCORES');
  await store.queues.passMarkerOn('low', 2_000);
  await store.queues.passMarkerOn('low', 3_000);
  expect(await marker()).toEqual(['1', '2000']);
  await store.queues.passMarkerOn('low', 1_000);
  await store.queues.passMarkerOn('low', 0);
  expect(await marker()).toEqual(['0', '0', '1', '1000']);
  await Promise.all([store.close(), redis.quit()]);
});

test('keys of ours and of BullMQ stand under the prefix, and nowhere else', async () => {
  const prefix = randomPrefix();
  const store = await openStore({ connection: url, prefix, clock });
  const redis = new Redis(url);
  const queue = store.queues.queue('low');
  await queue.add('hello', {}, { jobId: 'hello-1' });
  await store.markers.keep('a', 'b');
  await store.heartbeats.beat('w', 1_000);
  await store.executions.recordStep('x', 'j', 'low', 1, { name: 's', startedAt: 1, finishedAt: 1 });
  const keys = (await redis.keys('*')).filter((key) => key.includes(prefix));
  expect(new Set(keys.map((key) => key.split('}')[0]))).toEqual(new Set([`{${prefix}`, `{${prefix}:low`]));
  await queue.close();
  await Promise.all([store.close(), redis.quit()]);
});

test('keys of another type are made anew, with a warning that names them, and hold up nothing else', async () => {
  const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  const prefix = randomPrefix();
  const store = await openStore({ connection: url, prefix, clock });
  const redis = new Redis(url);
  await redis.mset({
    [`{${prefix}}:x:a`]: 'text',
    [`{${prefix}}:x:b`]: 'text',
    [`{${prefix}}:ended:report:completed`]: 'text',
    [`{${prefix}}:stats:report`]: 'text',
  });
  expect(await store.executions.load('a')).toBeUndefined();
  expect(await store.executions.reopen('a')).toBe(false);
  expect(await store.executions.recordStep('a', 'report', 'low', 1, { name: 's', startedAt: 1, finishedAt: 1 })).toBe(
    true,
  );
  expect(await store.executions.write([ended('b'), ended('c')])).toEqual([true, true]);
  expect((await store.executions.load('b'))?.final).toBe('completed');
  const said = warn.mock.calls.flat().join();
  for (const key of ['x:a', 'x:b', 'ended:report:completed', 'stats:report'])
    expect(said).toContain(`{${prefix}}:${key} is corrupt`);
  warn.mockRestore();
  await Promise.all([store.close(), redis.quit()]);
});

test('schedules are made anew, too, when their keys are of another type', async () => {
  const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  const prefix = randomPrefix();
  const store = await openStore({ connection: url, prefix, clock });
  const { schedules } = store;
  const redis = new Redis(url);
  const keys = ['schedules', 'fires', 'declarations'].map((name) => `{${prefix}}:${name}`);
  await redis.mset(Object.fromEntries(keys.map((key) => [key, 'text'])));
  expect([await schedules.all(), await schedules.get('a'), await schedules.declarations()]).toEqual([
    [],
    undefined,
    [],
  ]);
  expect(await schedules.put([{ data: schedule('a'), expected: 0 }])).toEqual([{ ...schedule('a'), version: 1 }]);
  await schedules.declare({ version: 'v', ids: ['a'], bootedAt: 1, seenAt: 1 }, 1);
  expect(await schedules.declarations()).toEqual([{ version: 'v', ids: ['a'], bootedAt: 1, seenAt: 1 }]);
  const said = warn.mock.calls.flat().join();
  for (const key of keys) expect(said).toContain(`${key} is corrupt`);
  warn.mockRestore();
  await Promise.all([store.close(), redis.quit()]);
});

test('two thousand schedules are read in two commands', async () => {
  // A server of its own: ioredis cannot begin to monitor one that is busy.
  const server = await startRedis();
  const prefix = randomPrefix();
  const store = await openStore({ connection: server.url, prefix, clock });
  const { schedules } = store;
  const redis = new Redis(server.url);
  const data = Array.from({ length: 2_000 }, (_, index) => schedule(`s${index}`));
  const monitor = await redis.monitor();
  const seen: string[] = [];
  monitor.on('monitor', (_: string, [command = '', key = '']: string[], source: string) => {
    if (source !== 'lua' && key.includes(prefix)) seen.push(command.toLowerCase());
  });
  await schedules.put(data.map((each) => ({ data: each })));
  await redis.get(`${prefix}:put`);
  expect(await schedules.all()).toHaveLength(2_000);
  await redis.get(`${prefix}:read`);
  await until('all is seen', () => seen.filter((command) => command === 'get').length === 2);
  expect(seen.slice(seen.indexOf('get') + 1, -1)).toEqual(['hgetall', 'hgetall']);
  monitor.disconnect();
  await Promise.all([store.close(), redis.quit()]);
  await server.stop();
});

test('what a record costs: three commands, and fifteen more for the whole batch', async () => {
  const server = await startRedis();
  const prefix = randomPrefix();
  const store = await openStore({ connection: server.url, prefix, clock });
  const redis = new Redis(server.url);
  const monitor = await redis.monitor();
  const batch = (count: number) =>
    Array.from({ length: count }, (_, index) => ended(`${count}-${index}`, { keep: { count: 1, age: 9_000 } }));
  const seen: string[] = [];
  let counting = false;
  monitor.on('monitor', (_: string, [command = '', key]: string[], source: string) => {
    counting ||= key === `${prefix}:from-here`;
    if (counting && source === 'lua') seen.push(command.toLowerCase());
  });
  await store.executions.write(batch(2));
  await redis.get(`${prefix}:from-here`);
  await store.executions.write(batch(10));
  await until('all is seen', () => seen.includes('hincrby'));
  expect(seen.toSorted()).toEqual(
    [
      ...Array.from({ length: 10 }, () => ['hget', 'hset', 'pexpire']).flat(),
      // Whether others completed that are to be filed first.
      'type',
      'hincrby',
      // Figures.
      'hmget',
      'hset',
      // The index, by status, and what the newest push out of it.
      ...Array.from({ length: 5 }, () => 'zcard'),
      ...Array.from({ length: 2 }, () => 'zadd'),
      'zrange',
      'zpopmax',
      // Whether the job ever wrote lines, which go with its records.
      'hexists',
      'unlink',
    ].toSorted(),
  );
  monitor.disconnect();
  await Promise.all([store.close(), redis.quit()]);
  await server.stop();
});
