/** A network that drops everything, or a host that dies without a word: no connection is closed, and none answers again. */
import { afterEach, expect, test } from '@jest/globals';
import { Worker } from 'bullmq';
import type { WorkerOptions } from 'bullmq';
import { Pool, type PoolConfig } from 'pg';
import { type ClockTimer, SystemClock } from '#src/common/clock.js';
import type { Connection } from '#src/options/connection.js';
import { openStore } from '#src/store/open-store.js';
import type { Store } from '#src/store/ports/ports.js';
import { randomPrefix } from '../support/prefix.js';
import { sharedStores } from '../support/stores.js';
import { until } from '../support/until.js';
import { startTcpProxy } from './tcp-proxy.js';

/** How often Redis and PostgreSQL are asked whether they still hear, in milliseconds. */
const ASKED_EVERY = [20_000, 30_000];

/** The process's time, but that nobody waits for long until he asks. */
class HastyClock extends SystemClock {
  override after(ms: number, work: () => void, keepAlive?: boolean): ClockTimer {
    return super.after(ASKED_EVERY.includes(ms) ? 100 : ms, work, keepAlive);
  }
}

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

const byUrl = (url: string): Connection => url;

/** A store behind a proxy, and one that is not. */
async function openBoth(url: string, connectionTo: (url: string) => Connection = byUrl) {
  const between = await startTcpProxy(Number(new URL(url).port));
  cleanUps.push(() => between.close());
  const prefix = randomPrefix();
  const open = async (connection: Connection): Promise<Store> => {
    const store = await openStore({ connection, prefix, clock: new HastyClock() });
    cleanUps.push(() => store.close());
    return store;
  };
  const cutOff = await open(connectionTo(Object.assign(new URL(url), { port: String(between.port) }).href));
  return { between, cutOff, other: await open(url) };
}

const poolOf = (config: PoolConfig) => (connectionString: string) => {
  const pool = new Pool({ connectionString, ...config }).on('error', () => undefined);
  cleanUps.push(() => pool.end());
  return pool;
};

const listening: [name: string, url: string, connectionTo: (url: string) => Connection][] = [
  ...sharedStores.map<(typeof listening)[0]>(([name, url]) => [name, url, byUrl]),
  ...sharedStores.slice(1).flatMap<(typeof listening)[0]>(([, url]) => [
    // The client gives up by itself: that is no answer of the server.
    ['a pool with a query_timeout', url, poolOf({ query_timeout: 3_000 })],
    // What the pool hands out next is as dead.
    ['a pool that keeps idle connections', url, poolOf({ idleTimeoutMillis: 0 })],
  ]),
];

test.each(listening)('%s: who listens hears again, on a new connection', async (_name, url, connectionTo) => {
  const { between, cutOff, other } = await openBoth(url, connectionTo);
  await Promise.all([cutOff.ping(), cutOff.ping(), cutOff.ping()]);
  const heard: string[] = [];
  await cutOff.signals.subscribe('news', (message) => heard.push(message));
  between.freeze();
  await between.restore();
  await until('a message is heard', async () => {
    await other.signals.publish('news', 'again');
    return heard.length > 0;
  });
  expect(heard[0]).toBe('again');
});

test('Redis: jobs are run again, and what was being written is, on new connections', async () => {
  const [[, url]] = sharedStores as [(typeof sharedStores)[0]];
  const { between, cutOff, other } = await openBoth(url);
  const ran: string[] = [];
  const worker = new Worker(
    'default',
    async ({ name }) => ran.push(name),
    { ...cutOff.queues.workerOptions('default'), runRetryDelay: 100 } as WorkerOptions,
    cutOff.queues.backend as never,
  );
  worker.on('error', () => undefined);
  cleanUps.push(() => worker.close(true));
  const queue = other.queues.queue('default');
  cleanUps.push(() => queue.close());
  await queue.add('before', {});
  await until('the first job is run', () => ran.includes('before'));
  between.freeze();
  const step = { name: 's', startedAt: 1, finishedAt: 1 };
  const written = cutOff.executions.recordStep('x', 'job', 'default', 1, step);
  await between.restore();
  await queue.add('after', {});
  await until('the second job is run', () => ran.includes('after'));
  expect(await written).toBe(true);
});
