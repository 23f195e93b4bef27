/** Redis that is not there, goes away, comes back, or cannot hold jobs safely. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Worker } from 'bullmq';
import type { WorkerOptions } from 'bullmq';
import { Redis } from 'ioredis';
import { SystemClock } from '#src/common/clock.js';
import type { Connection } from '#src/options/connection.js';
import { openStore } from '#src/store/open-store.js';
import type { Store } from '#src/store/ports/ports.js';
import { randomPrefix } from '../support/prefix.js';
import { freePort, startRedis } from '../support/servers.mjs';
import { until } from '../support/until.js';
import { refusal } from './refusal.js';
import { startTcpProxy } from './tcp-proxy.js';
import { scaled } from '../support/machine.js';

const clock = new SystemClock();
const cleanUps: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
  jest.restoreAllMocks();
});

async function open(connection: Connection): Promise<Store> {
  const store = await openStore({ connection, prefix: randomPrefix(), clock });
  cleanUps.push(() => store.close());
  return store;
}

async function server(args: string[] = []) {
  const redis = await startRedis({ args });
  cleanUps.push(() => redis.stop());
  return redis;
}

describe('boot', () => {
  test('without a server: an error within 10 s that names the address, and no password', async () => {
    const port = await freePort();
    const { error, after } = await refusal(open(`redis://user:s3cret@127.0.0.1:${port}/2`));
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', details: { address: `redis://127.0.0.1:${port}/2` } });
    expect(error.message).toContain('ECONNREFUSED');
    expect(error.message).not.toContain('s3cret');
    expect(after).toBeLessThan(scaled(40_000));
  });

  test('with a server that takes connections and says nothing: the same', async () => {
    const sockets = new Set<Socket>();
    const mute = createServer((socket) => sockets.add(socket));
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    cleanUps.push(() => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => mute.close(resolve));
    });
    const { port } = mute.address() as AddressInfo;
    const { error, after } = await refusal(open({ host: '127.0.0.1', port }));
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(error.message).toContain(`redis://127.0.0.1:${port}`);
    expect(after).toBeLessThan(scaled(40_000));
  });

  test('with a wrong password: at once, since time does not mend it', async () => {
    const { port } = await server(['--requirepass', 'right']);
    const { error, after } = await refusal(open(`redis://:wr0ng@127.0.0.1:${port}`));
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(error.message).toMatch(/refused.*WRONGPASS/);
    expect(error.message).not.toContain('wr0ng');
    expect(after).toBeLessThan(scaled(8_000));
  });

  test('with a server that comes up meanwhile: opens', async () => {
    const port = await freePort();
    const opening = open(`redis://127.0.0.1:${port}`);
    const redis = await startRedis({ port });
    cleanUps.unshift(() => redis.stop());
    await (await opening).ping();
    expect((await opening).address).toBe(`redis://127.0.0.1:${port}`);
  });

  test('a maxmemory-policy that throws jobs away is warned of', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    jest.spyOn(console, 'warn').mockImplementation(() => undefined);
    await open((await server(['--maxmemory-policy', 'allkeys-lru'])).url);
    expect(warn.mock.calls.flat().join()).toMatch(/maxmemory-policy "allkeys-lru".*noeviction/);
  });

  test('keyPrefix is refused, wherever it stands', async () => {
    const { url, port } = await server();
    const given = new Redis(url, { keyPrefix: 'app:', lazyConnect: true });
    cleanUps.push(() => given.disconnect());
    for (const connection of [{ host: '127.0.0.1', port, keyPrefix: 'app:' }, `${url}?keyPrefix=app:`, given]) {
      const { error } = await refusal(open(connection));
      expect(error).toMatchObject({ code: 'STORE_UNSUPPORTED' });
      expect(error.message).toMatch(/keyPrefix "app:".*prefix/);
    }
  });
});

describe('a client of the user', () => {
  test('works although its options would not do for a worker, and stays open', async () => {
    const { url } = await server();
    const given = new Redis(url, { maxRetriesPerRequest: 3, commandTimeout: 50 });
    cleanUps.push(() => given.quit());
    const store = await open(given);
    const queue = store.queues.queue('default');
    const ran = new Promise<string>((resolve) => {
      const worker = new Worker(
        'default',
        async (job) => resolve(job.name),
        store.queues.workerOptions('default') as WorkerOptions,
        store.queues.backend as never,
      );
      cleanUps.push(() => worker.close());
    });
    await queue.add('hello', {});
    expect(await ran).toBe('hello');
    await queue.close();
    for (const cleanUp of cleanUps.splice(2).toReversed()) await cleanUp();
    expect(await given.ping()).toBe('PONG');
  });
});

describe('at run time', () => {
  test('the loss is told, producers fail in time, workers wait, the return is told', async () => {
    const first = await server();
    const store = await open(first.url);
    const told: [boolean, string?][] = [];
    store.onAvailability((available, error) => told.push([available, error?.message]));
    const queue = store.queues.queue('default');
    await queue.add('before', {}, { jobId: 'before-1' });
    await store.executions.recordStep('x', 'job', 'default', 1, { name: 's', startedAt: 1, finishedAt: 1 });

    await first.stop();
    await until('the loss is told', () => told.length === 1);
    expect(told[0]![0]).toBe(false);

    const write = store.executions.recordStep('y', 'job', 'default', 1, { name: 's', startedAt: 1, finishedAt: 1 });
    const answers = await Promise.all([
      refusal(queue.add('away', {}, { jobId: 'away-1' })),
      refusal(queue.addBulk([{ name: 'away', data: {} }])),
      refusal(queue.getJobCounts()),
      refusal(store.ping()),
      refusal(store.executions.load('x')),
      refusal(store.markers.keep('a', 'b')),
      refusal(store.heartbeats.alive()),
    ]);
    for (const { error, after } of answers) {
      expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', details: { address: store.address } });
      expect(after).toBeLessThan(scaled(20_000));
    }

    const second = await startRedis({ port: first.port });
    cleanUps.unshift(() => second.stop());
    expect(await write).toBe(true);
    await until('the return is told', () => told.length === 2);
    expect(told[1]).toEqual([true, undefined]);
    await queue.add('after', {}, { jobId: 'after-1' });
    // What was given up on was not stored behind the caller's back.
    expect(await queue.getJob('away-1')).toBeUndefined();
    await queue.close();
  });

  test('a network that drops everything: producers fail in time, and work again on a new connection', async () => {
    const redis = await server();
    const between = await startTcpProxy(redis.port);
    cleanUps.push(() => between.close());
    const store = await open(`redis://127.0.0.1:${between.port}`);
    const queue = store.queues.queue('default');
    cleanUps.push(() => queue.close());
    await queue.waitUntilReady();
    between.freeze();
    const { error, after } = await refusal(queue.add('hangs', {}));
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(after).toBeLessThan(scaled(20_000));
    await between.restore();
    await until('it works again', () => queue.add('again', {}));
    expect(await queue.getWaitingCount()).toBeGreaterThan(0);
  });

  test('closing while the server hangs ends', async () => {
    const redis = await server();
    const store = await open(redis.url);
    await store.heartbeats.beat('w', 1_000);
    process.kill(redis.pid, 'SIGSTOP');
    const start = performance.now();
    await store.close();
    expect(performance.now() - start).toBeLessThan(scaled(28_000));
    process.kill(redis.pid, 'SIGCONT');
  });

  test('closing while the server is away ends', async () => {
    const redis = await server();
    const store = await openStore({ connection: redis.url, prefix: randomPrefix(), clock });
    const step = { name: 's', startedAt: 1, finishedAt: 1 };
    await store.executions.recordStep('x', 'job', 'default', 1, step);
    let lost = false;
    store.onAvailability(() => (lost = true));
    await redis.stop();
    await until('it is lost', () => lost);
    const waiting = refusal(store.executions.recordStep('y', 'job', 'default', 1, step));
    await store.close();
    expect((await waiting).error.message).toMatch(/closed/i);
  });
});

describe('what else speaks Redis', () => {
  test('Sentinel: the master is found by its name', async () => {
    const master = await server();
    const port = await freePort();
    const directory = await mkdtemp(join(tmpdir(), 'job-sentinel-'));
    const file = join(directory, 'sentinel.conf');
    await writeFile(file, `port ${port}\nsentinel monitor jobs 127.0.0.1 ${master.port} 1\n`);
    const sentinel = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' });
    cleanUps.push(async () => {
      const gone = new Promise((resolve) => sentinel.once('exit', resolve));
      sentinel.kill('SIGKILL');
      await gone;
      await rm(directory, { recursive: true });
    });
    const store = await open({ sentinels: [{ host: '127.0.0.1', port }], name: 'jobs' });
    expect(store.address).toBe(`redis "jobs" by Sentinel 127.0.0.1:${port}`);
    const queue = store.queues.queue('default');
    await queue.add('hello', {});
    expect(await queue.getWaitingCount()).toBe(1);
    await queue.close();
  });
});

test('a write arrives before what a worker sends after it, though not awaited, also the first one', async () => {
  const { url } = await server();
  const store = await open(url);
  const client = new Redis(url);
  const monitor = await client.monitor();
  cleanUps.push(
    () => client.quit(),
    () => monitor.disconnect(),
  );
  const seen: string[] = [];
  monitor.on('monitor', (_: string, args: string[]) => seen.push(args.join(' ')));
  const { connection } = store.queues.workerOptions('default') as { connection: Redis };
  const head = { trigger: 'enqueue', createdAt: 1, maxAttempts: 1, completedAt: 2 } as const;
  for (const id of ['one', 'two']) {
    const written = store.executions.write([
      { id, job: 'j', queue: 'default', fence: 1, final: 'completed', head, keep: { count: 9, age: 9_000 } },
    ]);
    await connection.set(`finish:${id}`, '1');
    await written;
  }
  await until('all is seen', () => seen.some((line) => line.includes('finish:two')));
  const order = seen.filter((line) => /^(?:eval|set finish)/i.test(line)).map((line) => line.split(' ')[0]);
  expect(order).toEqual(['eval', 'set', 'evalsha', 'set']);
});
