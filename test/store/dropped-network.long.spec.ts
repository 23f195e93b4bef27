/** A network that drops everything, or a host that dies without a word: no connection is closed, and none answers again. */
import { afterEach, expect, test } from '@jest/globals';
import { Worker } from 'bullmq';
import type { WorkerOptions } from 'bullmq';
import { type ClockTimer, SystemClock } from '#src/definition/clock.js';
import { openStore } from '#src/store/open-store.js';
import type { Store } from '#src/store/ports.js';
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

/** A store behind a proxy, and one that is not. */
async function openBoth(url: string) {
  const between = await startTcpProxy(Number(new URL(url).port));
  cleanUps.push(() => between.close());
  const prefix = randomPrefix();
  const open = async (connection: string): Promise<Store> => {
    const store = await openStore({ connection, prefix, clock: new HastyClock() });
    cleanUps.push(() => store.close());
    return store;
  };
  const cutOff = await open(Object.assign(new URL(url), { port: String(between.port) }).href);
  return { between, cutOff, other: await open(url) };
}

test.each(sharedStores)('%s: who listens hears again, on a new connection', async (_name, url) => {
  const { between, cutOff, other } = await openBoth(url);
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
