/** A process whose event loop is blocked, or that is stopped, for longer than a connection may be silent. */
import { afterEach, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { SystemClock } from '#src/common/clock.js';
import { openStore } from '#src/store/open-store.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';

/** Longer than the `socketTimeout` of workers. */
const BLOCKED = 17_000;

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

test('Redis: what was answered meanwhile is read, on the same connection', async () => {
  const url = process.env.TEST_REDIS_URL!;
  const admin = new Redis(url);
  cleanUps.push(() => admin.quit());
  const prefix = randomPrefix();
  const store = await openStore({ connection: url, prefix, clock: new SystemClock() });
  cleanUps.push(() => store.close());
  const { connection } = store.queues.workerOptions('default') as { connection: Redis };
  const before = await connection.client('ID');
  const answer = connection.blpop(`${prefix}:list`, 5);
  const blocked = async () => String(await admin.client('LIST')).includes('cmd=blpop');
  await until('Redis has the command', blocked);

  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BLOCKED);

  expect(await answer).toBeNull();
  expect(await connection.client('ID')).toBe(before);
});
