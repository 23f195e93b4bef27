/** Messages between stores that share a server, over breaks of their connections. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { SystemClock } from '#src/common/clock.js';
import { openStore } from '#src/store/open-store.js';
import type { Store } from '#src/store/ports/ports.js';
import { randomPrefix } from '../support/prefix.js';
import { startRedis } from '../support/servers.mjs';
import { sharedStores } from '../support/stores.js';
import { until } from '../support/until.js';
import { startTcpProxy } from './tcp-proxy.js';

const clock = new SystemClock();
const cleanUps: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function open(connection: string | Redis, prefix: string): Promise<Store> {
  const store = await openStore({ connection, prefix, clock });
  cleanUps.push(() => store.close());
  return store;
}

/** Listens, and keeps what is heard; `GAP` where something may be missed. */
async function listen(store: Store, topic: string): Promise<string[]> {
  const heard: string[] = [];
  await store.signals.subscribe(
    topic,
    (message) => heard.push(message),
    () => heard.push('GAP'),
  );
  return heard;
}

describe.each([...sharedStores, ['memory', 'memory:'] as [string, string]])('%s', (_name, url) => {
  test('a store of the same prefix hears, one of another prefix does not', async () => {
    const prefix = randomPrefix();
    const [here, there, stranger] = await Promise.all([
      open(url, prefix),
      open(url, prefix),
      open(url, randomPrefix()),
    ]);
    const [heardHere, heardThere, heardByStranger] = await Promise.all([
      listen(here, 'news'),
      listen(there, 'news'),
      listen(stranger, 'news'),
    ]);
    await here.signals.publish('news', 'one');
    await there.signals.publish('news', 'two');
    await until('all is heard', () => heardHere.length === 2 && heardThere.length === 2);
    expect(heardHere).toEqual(heardThere);
    await stranger.signals.publish('news', 'own');
    await until('its own is heard', () => heardByStranger.length > 0);
    expect(heardByStranger).toEqual(['own']);
  });

  test('after it was closed a store hears nothing, and the others go on', async () => {
    const prefix = randomPrefix();
    const [here, there] = await Promise.all([open(url, prefix), open(url, prefix)]);
    const [heardHere, heardThere] = await Promise.all([listen(here, 'news'), listen(there, 'news')]);
    await there.close();
    await here.signals.publish('news', 'one');
    await until('it is heard', () => heardHere.length > 0);
    expect(heardThere).toEqual([]);
  });
});

describe('two databases of one Redis', () => {
  const urlOf = (db: number) => {
    const url = new URL(process.env.TEST_REDIS_URL!);
    url.pathname = `/${db}`;
    return url.href;
  };

  test.each([
    ['by URL', (db: number) => urlOf(db)],
    ['by client', (db: number) => closing(new Redis(urlOf(db), { lazyConnect: true }))],
  ])('do not hear each other, whatever the prefix, chosen %s', async (_how, connectionTo) => {
    const prefix = randomPrefix();
    const [zero, one, oneToo] = await Promise.all([0, 1, 1].map((db) => open(connectionTo(db), prefix)));
    const [heardZero, heardOne] = await Promise.all([listen(zero!, 'cancel'), listen(one!, 'cancel')]);
    await oneToo!.signals.publish('cancel', 'of one');
    await zero!.signals.publish('cancel', 'of zero');
    await until('both are heard', () => heardZero.length > 0 && heardOne.length > 0);
    expect([heardZero, heardOne]).toEqual([['of zero'], ['of one']]);
  });
});

function closing(client: Redis): Redis {
  cleanUps.push(() => client.disconnect());
  return client;
}

describe.each(sharedStores)('%s, behind a network that breaks', (_name, url) => {
  test('listens again to all its topics, old and new, and says that something may be missed', async () => {
    const between = await startTcpProxy(Number(new URL(url).port));
    cleanUps.push(() => between.close());
    const prefix = randomPrefix();
    const far = await open(Object.assign(new URL(url), { port: String(between.port) }).href, prefix);
    const near = await open(url, prefix);
    const [first, second] = await Promise.all([listen(far, 'first'), listen(far, 'second')]);
    const calm = await listen(near, 'first');
    await near.signals.publish('first', 'before');
    await until('it is heard', () => first.length > 0 && calm.length > 0);

    await between.cut();
    await near.signals.publish('first', 'meanwhile');
    await until('the other one hears it', () => calm.length === 2);
    const coming = listen(far, 'third');
    await between.restore();
    const third = await coming;
    await until('the gap is told', () => first.includes('GAP') && second.includes('GAP'));
    for (const topic of ['first', 'second', 'third']) await near.signals.publish(topic, 'after');
    await until('all is heard', () => [first, second, third].every((heard) => heard.includes('after')));
    expect([first, second, third.filter((message) => message !== 'GAP')]).toEqual([
      ['before', 'GAP', 'after'],
      ['GAP', 'after'],
      ['after'],
    ]);
    expect(calm).toEqual(['before', 'meanwhile', 'after']);
  });

  test('a publish while the store is away is refused in time', async () => {
    const between = await startTcpProxy(Number(new URL(url).port));
    cleanUps.push(() => between.close());
    const far = await open(Object.assign(new URL(url), { port: String(between.port) }).href, randomPrefix());
    await between.cut();
    const calls = [far.signals.publish('first', 'x'), far.signals.subscribe('first', () => undefined)];
    const refusals = await Promise.all(calls.map((call) => call.catch((error: unknown) => error)));
    expect(refusals).toMatchObject([{ code: 'STORE_UNAVAILABLE' }, { code: 'STORE_UNAVAILABLE' }]);
  });
});

test('Redis: a user who may not use the channels is told so', async () => {
  const server = await startRedis();
  cleanUps.push(() => server.stop());
  const redis = new Redis(server.url);
  cleanUps.push(() => redis.quit());
  const prefix = randomPrefix();
  await redis.acl('SETUSER', 'limited', 'on', '>secret', `~{${prefix}*`, '+@all', 'resetchannels');
  const store = await open(server.url.replace('redis://', 'redis://limited:secret@'), prefix);
  await expect(store.signals.subscribe('a', () => undefined)).rejects.toThrow('NOPERM');
  await redis.acl('SETUSER', 'limited', `&{${prefix}*`);
  const heard = await listen(store, 'a');
  const lost: unknown[] = [];
  store.onAvailability((isThere) => isThere || lost.push(isThere));
  await store.signals.publish('a', 'x');
  await until('it is heard', () => heard.length > 0);

  // Redis ends a connection that listens to what it may no longer hear.
  await redis.acl('SETUSER', 'limited', 'resetchannels');
  await until('the loss is told', () => lost.length > 0);
  await redis.acl('LOG', 'RESET');
  await until('it was refused again', async () => ((await redis.acl('LOG')) as unknown[]).length > 0);
  await redis.acl('SETUSER', 'limited', `&{${prefix}*`);
  await until('the gap is told', () => heard.includes('GAP'));
  await store.signals.publish('a', 'y');
  await until('it is heard again', () => heard.includes('y'));
});

test('Redis: one connection for all topics, and none before the first', async () => {
  const server = await startRedis();
  cleanUps.push(() => server.stop());
  const store = await open(server.url, randomPrefix());
  const redis = new Redis(server.url);
  cleanUps.push(() => redis.quit());
  const connections = async () =>
    String(await redis.client('LIST'))
      .split('\n')
      .filter(Boolean).length;
  const before = await connections();
  await store.signals.publish('a', 'x');
  expect(await connections()).toBe(before);
  await Promise.all(['a', 'b', 'c'].map((topic) => listen(store, topic)));
  expect(await connections()).toBe(before + 1);
});
