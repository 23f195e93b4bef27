/** Locks when the store is away, messages are missed, or holders and waiters never come back. */
import { describe, expect, jest, test } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { openMemory } from '#bullmq-memory/extend';
import { startTcpProxy } from '../store/tcp-proxy.js';
import { randomPrefix } from '../support/prefix.js';
import { sharedStores } from '../support/stores.js';
import { until } from '../support/until.js';
import { atEnd, clock, openSide, untilWaiting } from './locks-kit.js';
import { scaled } from '../support/machine.js';

Logger.overrideLogger(false);

const TTL = '30s';
const code = (wanted: string) => expect.objectContaining({ code: wanted });

/** Two sides; the way of the first one to the store can be cut. */
async function openCuttable(url: string) {
  const proxy = await startTcpProxy(Number(new URL(url).port));
  atEnd(() => proxy.close());
  const throughProxy = new URL(url);
  throughProxy.port = String(proxy.port);
  const prefix = randomPrefix();
  const cut = await openSide(throughProxy.href, prefix);
  return { proxy, cut, other: await openSide(url, prefix) };
}

describe.each(sharedStores)('with %s away', (_, url) => {
  test('a lock that cannot be extended is lost after its time, and asking is refused', async () => {
    const { proxy, cut } = await openCuttable(url);
    const since = performance.now();
    await cut.locks.withLock('key', '1500ms', async ({ signal }) => {
      await proxy.cut();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      expect(signal.reason).toEqual(code('LOCK_LOST'));
    });
    // The release in vain holds no caller up for long.
    expect(performance.now() - since).toBeLessThan(scaled(16_000));
    await expect(cut.locks.acquire('key', TTL)).rejects.toEqual(code('STORE_UNAVAILABLE'));
    await expect(cut.locks.acquireWait('key', TTL)).rejects.toEqual(code('STORE_UNAVAILABLE'));
    await proxy.restore();
    const lock = await until('it is back', () => cut.locks.acquire('key', TTL));
    await lock.release();
  });

  test('who stands in line goes on waiting', async () => {
    const { proxy, cut, other } = await openCuttable(url);
    const lock = (await other.locks.acquire('key', TTL))!;
    const ask = jest.spyOn(cut.store.locks, 'acquire');
    const waiting = cut.locks.acquireWait('key', TTL);
    // The second time it asks, it has had an answer, and listens: it stands in line.
    await until('it asks again', () => ask.mock.calls.length >= 2);
    await proxy.cut();
    // The message that it is its turn does not reach it.
    await lock.release();
    await proxy.restore();
    const next = await waiting;
    expect(next.fence).toBeGreaterThan(lock.fence);
    await next.release();
  });
});

test('a waiter that no message reaches looks for itself', async () => {
  const side = await openSide('memory:');
  await side.store.locks.acquire('user:key', 'silent', { ttl: 30_000 });
  const waiting = side.locks.acquireWait('key', TTL);
  await untilWaiting(side, 'key', 1);
  await side.store.locks.release('user:key', 'silent');
  await expect(waiting).resolves.toMatchObject({ key: 'key' });
});

describe('nothing is left behind', () => {
  const COUNT = 20;

  test('on Redis', async () => {
    const prefix = randomPrefix();
    const { store, locks } = await openSide(process.env.TEST_REDIS_URL!, prefix);
    const redis = new Redis(process.env.TEST_REDIS_URL!);
    atEnd(() => redis.quit());
    const keys = async () => (await redis.keys(`*${prefix}*`)).toSorted();
    await store.locks.acquire('lives', 'a', { ttl: 30_000 });
    await store.locks.acquire('lives', 'b', { ttl: 30_000, line: 30_000 });
    expect(await keys()).toEqual(
      ['fence', 'lease:lives', 'line:lives', 'lock:lives', 'place:lives'].map((name) => `{${prefix}}:${name}`),
    );
    await Promise.all(['a', 'b'].map((holder) => store.locks.release('lives', holder)));
    const used = await locks.withLock('used', TTL, ({ fence }) => fence);
    for (let n = 0; n < COUNT; n++) {
      await store.locks.acquire(`dead ${n}`, 'a', { ttl: 50 });
      await store.locks.acquire(`dead ${n}`, 'b', { ttl: 50, line: 50 });
    }
    await until('all is gone', async () => (await keys()).length === 1);
    expect(await keys()).toEqual([`{${prefix}}:fence`]);
    // A server that lost that one, too, still gives larger ones.
    await redis.del(`{${prefix}}:fence`);
    expect(await locks.withLock('used', TTL, ({ fence }) => fence)).toBeGreaterThan(used);
  });

  test('in memory', async () => {
    const prefix = randomPrefix();
    const { store } = await openSide('memory:', prefix);
    const memory = openMemory(prefix, clock);
    const { locks } = memory.part<{ locks: Map<string, unknown> }>('locks', () => ({ locks: new Map() }));
    for (let n = 0; n < COUNT; n++) await store.locks.acquire(`dead ${n}`, 'a', { ttl: scaled(1_000) });
    expect(locks.size).toBe(COUNT);
    // Others use other keys: what has ended goes by that.
    await until('all is gone', async () => {
      await store.locks.acquire('other', 'a', { ttl: 1_000 });
      await store.locks.release('other', 'a');
      return locks.size === 0;
    });
    memory.close();
  });

  describe('with a PostgreSQL server', () => {
    const url = process.env.TEST_POSTGRES_URL;
    if (!url) {
      test.todo('is left out: PostgreSQL is not installed here');
      return;
    }
    test('on PostgreSQL', async () => {
      const prefix = randomPrefix();
      const { store } = await openSide(url, prefix);
      const client = new Client(url);
      await client.connect();
      atEnd(() => client.end());
      const rows = async () => {
        const { rows: found } = await client.query<{ key: string }>(
          `SELECT key FROM "${prefix}".njs_lock_lease UNION ALL SELECT key FROM "${prefix}".njs_lock_place`,
        );
        return found.map(({ key }) => key);
      };
      for (let n = 0; n < COUNT; n++) {
        await store.locks.acquire(`dead ${n}`, 'a', { ttl: 1 });
        await store.locks.acquire(`dead ${n}`, 'b', { ttl: 1_000, line: 1 });
      }
      expect((await rows()).length).toBeGreaterThanOrEqual(COUNT);
      // A minute later.
      for (const table of ['lease', 'place'])
        await client.query(`UPDATE "${prefix}".njs_lock_${table} SET ends_at = ends_at - 61000`);
      await store.locks.acquire('other', 'a', { ttl: 30_000 });
      expect(await rows()).toEqual(['other']);
    });
  });
});
