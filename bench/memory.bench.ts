/**
 * The memory store by itself: what opening costs, what a job costs with 1,000 to 1,000,000 others waiting, how much memory
 * a million takes, whether closed stores leave anything behind; and no-op jobs a second at concurrency 10, against Redis.
 *
 * npm run bench memory [part]   parts: open, depth, stores, throughput
 */
import 'reflect-metadata';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Injectable, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createRedisBackend, Queue, Worker } from 'bullmq';
import type { BackendFactory, IQueueBackend } from 'bullmq';
import { Job, JobSchedulerModule, JobService } from 'nestjs-job-scheduler';
import { createMemoryBackend } from 'nestjs-job-scheduler/memory';
import { SystemClock } from '#src/common/clock.js';
import { openMemoryStore } from '#src/store/memory/memory-store.js';
import { startRedis } from '../test/support/servers.mjs';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
Logger.overrideLogger(false);

const memory = createMemoryBackend as BackendFactory<IQueueBackend, unknown>;
const redis = createRedisBackend as BackendFactory<IQueueBackend, unknown>;
const clock = new SystemClock();
const MIB = 2 ** 20;
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const heap = () => {
  collect();
  return process.memoryUsage().heapUsed;
};

async function open(): Promise<void> {
  const times: number[] = [];
  const sizes: number[] = [];
  for (let round = 0; round < 20; round++) {
    const before = heap();
    const start = performance.now();
    const store = openMemoryStore({ prefix: `open-${round}`, clock });
    const queue = store.queues.queue('default');
    await queue.waitUntilReady();
    times.push(performance.now() - start);
    sizes.push(heap() - before);
    await queue.close();
    await store.close();
  }
  console.log(
    `opening: first ${times[0]!.toFixed(1)} ms, ${(sizes[0]! / MIB).toFixed(2)} MiB; median ${median(times).toFixed(2)} ms, ${(median(sizes) / MIB).toFixed(2)} MiB`,
  );
}

/** Adds, takes and completes jobs while so many others wait. @returns microseconds a job. */
async function costOf(queue: Queue<unknown, unknown, string, unknown, unknown, string, IQueueBackend, unknown>) {
  const worker = new Worker<unknown, unknown, string, IQueueBackend, never, unknown>(
    queue.name,
    undefined,
    { connection: queue.opts.connection, autorun: false, skipStalledCheck: true, skipLockRenewal: true },
    memory,
  );
  const rounds: number[] = [];
  for (let round = 0; round < 7; round++) {
    const start = performance.now();
    for (let n = 0; n < 2_000; n++) {
      await queue.add('noop', { n }, { removeOnComplete: true });
      const job = await worker.getNextJob('token', { block: false });
      await job.moveToCompleted(undefined, 'token', false);
    }
    rounds.push(((performance.now() - start) * 1_000) / 2_000);
  }
  await worker.close();
  return median(rounds);
}

async function depth(): Promise<void> {
  for (const kind of ['waiting', 'prioritized', 'delayed'] as const) {
    // What the last kind left is garbage only then.
    await new Promise((resolve) => setImmediate(resolve));
    const before = heap();
    const queue = new Queue<unknown, unknown, string, unknown, unknown, string, IQueueBackend, unknown>(
      'deep',
      { connection: { name: kind } },
      memory,
    );
    let waiting = 0;
    await costOf(queue);
    for (const size of [1_000, 10_000, 100_000, 1_000_000]) {
      if (kind !== 'waiting' && size > 100_000) continue;
      while (waiting < size) {
        const count = Math.min(1_000, size - waiting);
        await queue.addBulk(
          Array.from({ length: count }, (_each, n) => ({
            name: 'noop',
            data: { n: waiting + n, text: 'a payload of usual size' },
            opts:
              kind === 'waiting' ? {} : kind === 'prioritized' ? { priority: 1 + (n % 5) } : { delay: 3_600_000 + n },
          })),
        );
        waiting += count;
      }
      const used = heap() - before;
      const rss = process.memoryUsage().rss;
      console.log(
        `${String(size).padStart(9)} ${kind}: ${(await costOf(queue)).toFixed(1)} µs a job; ${(used / MIB).toFixed(0)} MiB heap (${(used / size).toFixed(0)} bytes a job), process ${(rss / MIB).toFixed(0)} MiB`,
      );
    }
    await queue.close();
  }
}

async function stores(): Promise<void> {
  let atThousand = 0;
  for (let n = 1; n <= 10_000; n++) {
    const store = openMemoryStore({ prefix: `many-${n}`, clock });
    const queue = store.queues.queue('default');
    await queue.add('noop', { n });
    await store.markers.keep('key', 'value');
    await queue.close();
    await store.close();
    if (n === 1_000) atThousand = heap();
  }
  const atTenThousand = heap();
  console.log(
    `stores opened and closed: ${(atThousand / MIB).toFixed(2)} MiB after 1,000, ${(atTenThousand / MIB).toFixed(2)} MiB after 10,000 (${((atTenThousand - atThousand) / MIB).toFixed(2)})`,
  );
}

let done: () => void = () => undefined;

@Injectable()
class Noop {
  @Job({ name: 'noop' }) async run(_: { n: number }) {
    done();
  }
}

const JOBS = 10_000;

async function appRate(connection: string, prefix: string): Promise<number> {
  @Module({
    imports: [
      JobSchedulerModule.forRoot({ connection, prefix, queues: { default: 1 }, concurrency: 10, autoStart: false }),
    ],
    providers: [Noop],
  })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { logger: false });
  const jobs = app.get(JobService);
  for (let from = 0; from < JOBS; from += 1_000) {
    await jobs.enqueueMany(Array.from({ length: 1_000 }, (_each, n) => ({ job: 'noop', payload: { n } })));
  }
  const rate = await timed(() => jobs.start());
  await app.close();
  return rate;
}

async function plainRate(connection: unknown, name: string, factory: BackendFactory<IQueueBackend, unknown>) {
  const queue = new Queue<unknown, unknown, string, unknown, unknown, string, IQueueBackend, unknown>(
    name,
    { connection, defaultJobOptions: { removeOnComplete: true } },
    factory,
  );
  for (let from = 0; from < JOBS; from += 1_000) {
    await queue.addBulk(Array.from({ length: 1_000 }, (_each, n) => ({ name: 'noop', data: { n } })));
  }
  const worker = new Worker<unknown, unknown, string, IQueueBackend, never, unknown>(
    name,
    async () => done(),
    { connection, concurrency: 10, autorun: false },
    factory,
  );
  const rate = await timed(() => void worker.run());
  await worker.close();
  await queue.close();
  return rate;
}

async function timed(start: () => unknown): Promise<number> {
  let left = JOBS;
  const finished = new Promise<void>((resolve) => {
    done = () => {
      if (--left === 0) resolve();
    };
  });
  const from = performance.now();
  await start();
  await finished;
  return (JOBS * 1_000) / (performance.now() - from);
}

async function throughput(): Promise<void> {
  const server = await startRedis();
  const connection = { host: '127.0.0.1', port: server.port, maxRetriesPerRequest: null };
  await appRate(server.url, 'warm');
  await appRate('memory:', 'warm');
  const rounds: Record<'redis' | 'memory' | 'plainRedis' | 'plainMemory', number>[] = [];
  for (let round = 0; round < 5; round++) {
    rounds.push({
      redis: await appRate(server.url, `r${round}`),
      memory: await appRate('memory:', `m${round}`),
      plainRedis: await plainRate(connection, `p${round}`, redis),
      plainMemory: await plainRate({ name: `p${round}` }, `p${round}`, memory),
    });
  }
  const of = (key: 'redis' | 'memory' | 'plainRedis' | 'plainMemory') => median(rounds.map((round) => round[key]));
  const ratio = median(rounds.map((round) => round.memory / round.redis));
  const plain = median(rounds.map((round) => round.plainMemory / round.plainRedis));
  console.log(
    `no-op jobs at concurrency 10, our module: Redis ${of('redis').toFixed(0)}, memory ${of('memory').toFixed(0)} jobs/s, ratio ${ratio.toFixed(2)}`,
  );
  console.log(
    `no-op jobs at concurrency 10, plain BullMQ: Redis ${of('plainRedis').toFixed(0)}, memory ${of('plainMemory').toFixed(0)} jobs/s, ratio ${plain.toFixed(2)}`,
  );
  await server.stop();
}

const parts = { open, stores, throughput, depth };
const wanted = process.argv[2];
for (const [name, part] of Object.entries(parts)) if (!wanted || wanted === name) await part();
