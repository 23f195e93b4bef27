import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Injectable, Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { Job, JobSchedulerModule, JobService, type JobHandle } from 'nestjs-job-scheduler';
import { randomPrefix } from '../support/prefix.js';
import { startRedis } from '../support/servers.mjs';
import { until } from '../support/until.js';

Logger.overrideLogger(false);

@Injectable()
class Work {
  @Job({ retry: 0 })
  async never(): Promise<void> {
    await Promise.resolve();
  }
}

let redis: Awaited<ReturnType<typeof startRedis>>;
let app: INestApplicationContext;
let handle: JobHandle;

beforeEach(async () => {
  redis = await startRedis();
  @Module({
    imports: [JobSchedulerModule.forRoot({ connection: redis.url, prefix: randomPrefix(), role: 'producer' })],
    providers: [Work],
  })
  class App {}
  app = await NestFactory.createApplicationContext(App, { logger: false });
  handle = await app.get(JobService).enqueue([Work, 'never']);
});
afterEach(async () => {
  await app.close();
  await redis.stop();
});

const codesOfWaits = async (count: number, timeout?: '200ms') => {
  const ends = await Promise.allSettled(Array.from({ length: count }, () => handle.finished({ timeout })));
  return new Set(ends.map((end) => (end.status === 'rejected' ? (end.reason as { code?: string }).code : end.status)));
};

async function clients(url: string): Promise<number> {
  const admin = new Redis(url);
  const list = (await admin.call('CLIENT', 'LIST')) as string;
  await admin.quit();
  return list.trim().split('\n').length - 1;
}

it('Redis gone: waits end one after the other, and leave no connection when Redis is back and when the app is closed', async () => {
  await redis.stop();
  const codes = new Set<string | undefined>();
  for (let n = 0; n < 50; n += 1) for (const code of await codesOfWaits(1, '200ms')) codes.add(code);
  for (const code of codes) expect(['WAIT_TIMEOUT', 'STORE_UNAVAILABLE']).toContain(code);
  redis = await startRedis({ port: redis.port });
  await until('a wait listens again', async () => (await codesOfWaits(1)).has('EXECUTION_UNKNOWN'));
  // One of each kind at most: commands, signals, events of the queue.
  await until('no more connections are made', async () => (await clients(redis.url)) <= 4);
  await app.close();
  await until('no connection is left', async () => (await clients(redis.url)) === 0);
});

it('Redis frozen: waits end with their timeout, those without one with STORE_UNAVAILABLE, and the app closes', async () => {
  process.kill(redis.pid, 'SIGSTOP');
  try {
    for (let n = 0; n < 10; n += 1) expect(await codesOfWaits(5, '200ms')).toEqual(new Set(['WAIT_TIMEOUT']));
    expect(await codesOfWaits(5)).toEqual(new Set(['STORE_UNAVAILABLE']));
    await app.close();
  } finally {
    process.kill(redis.pid, 'SIGCONT');
  }
  await until('no connection is left', async () => (await clients(redis.url)) === 0);
});
