/**
 * No-op jobs a second at ten slots: a Nest app on this library against three plain BullMQ Workers, on one Redis of its own.
 * The same jobs, payloads and options on both sides; completed jobs are removed on both. The plain workers have a
 * concurrency of 6, 3 and 1. The app keeps history. Rounds alternate; the ratio is taken pair by pair.
 *
 * npm run bench throughput [jobs] [pairs]
 */
import 'reflect-metadata';
import { Injectable, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { Job, JobSchedulerModule, JobService } from 'nestjs-job-scheduler';
import { startRedis } from '../test/support/servers.mjs';

const JOBS = Number(process.argv[2] ?? 10_000);
const PAIRS = Number(process.argv[3] ?? 5);
const WEIGHTS = { critical: 6, default: 3, low: 1 };
const QUEUES = Object.entries(WEIGHTS);

let done: () => void = () => undefined;

@Injectable()
class Noop {
  @Job({ name: 'noop' }) async run(_: { n: number }) {
    done();
  }
}

interface Round {
  readonly rate: number;
  /** Microseconds of CPU a job. */
  readonly client: number;
  readonly server: number;
  /** Store commands a job, those inside scripts included. */
  readonly commands: number;
}

const server = await startRedis();
const admin = new Redis(server.url);
Logger.overrideLogger(false);

async function startApp(role: 'producer' | 'worker', prefix: string) {
  @Module({
    imports: [
      JobSchedulerModule.forRoot({
        connection: server.url,
        prefix,
        queues: WEIGHTS,
        concurrency: 10,
        role,
        autoStart: false,
      }),
    ],
    providers: [Noop],
  })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { logger: false });
  return { app, jobs: app.get(JobService) };
}

async function fill(prefix: string): Promise<void> {
  const { app, jobs } = await startApp('producer', prefix);
  for (const [queue, weight] of QUEUES) {
    const count = Math.round((JOBS * weight) / 10);
    for (let from = 0; from < count; from += 1_000) {
      const batch = Array.from({ length: Math.min(1_000, count - from) }, (_each, n) => ({
        job: 'noop',
        payload: { n },
        options: { queue },
      }));
      await jobs.enqueueMany(batch);
    }
  }
  await app.close();
}

async function serverState(): Promise<{ cpu: number; commands: number }> {
  const [cpu, stats] = await Promise.all([admin.info('cpu'), admin.info('commandstats')]);
  const seconds = [/used_cpu_sys:([\d.]+)/, /used_cpu_user:([\d.]+)/].map((pattern) =>
    Number(pattern.exec(cpu)?.[1] ?? 0),
  );
  const calls = [...stats.matchAll(/calls=(\d+)/g)].map((match) => Number(match[1]));
  return { cpu: seconds.reduce((a, b) => a + b) * 1e6, commands: calls.reduce((a, b) => a + b) };
}

/** @param start begins the work; gives what ends it. */
async function measure(start: () => Promise<() => Promise<unknown>>): Promise<Round> {
  let left = JOBS;
  const finished = new Promise<void>((resolve) => {
    done = () => {
      if (--left === 0) resolve();
    };
  });
  const before = await serverState();
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  const stop = await start();
  await finished;
  const seconds = (performance.now() - startedAt) / 1_000;
  const used = process.cpuUsage(cpu);
  const after = await serverState();
  await stop();
  return {
    rate: JOBS / seconds,
    client: (used.user + used.system) / JOBS,
    server: (after.cpu - before.cpu) / JOBS,
    commands: (after.commands - before.commands) / JOBS,
  };
}

async function product(prefix: string): Promise<Round> {
  await admin.flushall();
  await fill(prefix);
  const { app, jobs } = await startApp('worker', prefix);
  return measure(async () => {
    await jobs.start();
    return () => app.close();
  });
}

async function plain(prefix: string): Promise<Round> {
  await admin.flushall();
  await fill(prefix);
  const connection = { host: '127.0.0.1', port: server.port, maxRetriesPerRequest: null };
  return measure(async () => {
    const workers = QUEUES.map(
      ([queue, concurrency]) =>
        new Worker(queue, async () => done(), { connection, concurrency, prefix: `{${prefix}:${queue}}` }),
    );
    return () => Promise.all(workers.map((worker) => worker.close()));
  });
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const line = (name: string, rounds: readonly Round[]) => {
  const of = (pick: (round: Round) => number) => median(rounds.map(pick));
  return `${name.padEnd(22)} ${of((r) => r.rate)
    .toFixed(0)
    .padStart(
      6,
    )} jobs/s   client ${of((r) => r.client).toFixed(0)} µs/job   server ${of((r) => r.server).toFixed(0)} µs/job   ${of((r) => r.commands).toFixed(1)} commands/job`;
};

await plain('warm1');
await product('warm2');
const rounds: { plain: Round; product: Round }[] = [];
for (let pair = 0; pair < PAIRS; pair++) {
  const first = pair % 2 === 0 ? await plain(`a${pair}`) : await product(`a${pair}`);
  const second = pair % 2 === 0 ? await product(`b${pair}`) : await plain(`b${pair}`);
  rounds.push(pair % 2 === 0 ? { plain: first, product: second } : { plain: second, product: first });
}
const ratios = rounds.map((pair) => pair.product.rate / pair.plain.rate);
console.log(
  line(
    'three plain Workers',
    rounds.map((pair) => pair.plain),
  ),
);
console.log(
  line(
    'nestjs-job-scheduler',
    rounds.map((pair) => pair.product),
  ),
);
console.log(
  `ratio, median of ${PAIRS} pairs: ${median(ratios).toFixed(3)} (${Math.min(...ratios).toFixed(3)} to ${Math.max(...ratios).toFixed(3)})`,
);
await admin.quit();
await server.stop();
