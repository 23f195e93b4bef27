import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Injectable, Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { Job, JobSchedulerModule, JobService } from 'nestjs-job-scheduler';
import { randomPrefix } from '../support/prefix.js';
import { startRedis } from '../support/servers.mjs';
import { until } from '../support/until.js';
import { figure } from '../support/figure.js';
import { scaled, WAIT } from '../support/machine.js';

Logger.overrideLogger(false);

@Injectable()
class Work {
  readonly ran: number[] = [];
  readonly ends = new Map<number, () => void>();

  @Job({ retry: 0 })
  async held(n: number) {
    this.ran.push(n);
    await new Promise<void>((resolve) => this.ends.set(n, resolve));
    return n;
  }

  @Job({ retry: 0 })
  async quick(n: number) {
    this.ran.push(n);
    return n;
  }
}

let redis: Awaited<ReturnType<typeof startRedis>>;
let app: INestApplicationContext;
let jobs: JobService;
let work: Work;

beforeEach(async () => {
  redis = await startRedis();
  @Module({
    imports: [
      JobSchedulerModule.forRoot({ connection: redis.url, prefix: randomPrefix(), lockDuration: scaled(10_000) }),
    ],
    providers: [Work],
  })
  class App {}
  app = await NestFactory.createApplicationContext(App, { logger: false });
  jobs = app.get(JobService);
  work = app.get(Work);
});
afterEach(async () => {
  await app.close();
  await redis.stop();
});

it('a store that hangs: enqueue says so within 5 s, a repeat with the same id is safe, running jobs are not hurt', async () => {
  const held = await jobs.enqueue([Work, 'held'], 1);
  await until('it runs', () => work.ran.length === 1);
  process.kill(redis.pid, 'SIGSTOP');
  const startedAt = performance.now();
  await expect(jobs.enqueue([Work, 'quick'], 2, { id: 'second' })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  const refusedAfter = performance.now() - startedAt;
  figure(`A store that hangs: enqueue is refused after ${Math.round(refusedAfter)} ms`);
  expect(refusedAfter).toBeLessThan(scaled(20_000));
  work.ends.get(1)!();
  process.kill(redis.pid, 'SIGCONT');
  expect(await held.finished(WAIT)).toBe(1);
  const again = await until('the store answers', () => jobs.enqueue([Work, 'quick'], 2, { id: 'second' }));
  expect(await again.finished(WAIT)).toBe(2);
  expect(work.ran).toEqual([1, 2]);
});

it('connections that are cut: workers take jobs again, and the outcome of a running job arrives', async () => {
  const held = await jobs.enqueue([Work, 'held'], 1);
  await until('it runs', () => work.ran.length === 1);
  const admin = new Redis(redis.url);
  await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  work.ends.get(1)!();
  expect(await held.finished(WAIT)).toBe(1);
  const next = await jobs.enqueue([Work, 'quick'], 2);
  expect(await next.finished(WAIT)).toBe(2);
  expect(work.ran).toEqual([1, 2]);
  await admin.quit();
});

it('a store that refuses writes while a job ends: it is completed, once, when writes work again', async () => {
  const held = await jobs.enqueue([Work, 'held'], 1);
  await until('it runs', () => work.ran.length === 1);
  const admin = new Redis(redis.url);
  await admin.config('SET', 'min-replicas-to-write', '1');
  work.ends.get(1)!();
  await until('a write was refused', async () => (await admin.info('errorstats')).includes('NOREPLICAS'));
  await admin.config('SET', 'min-replicas-to-write', '0');
  expect(await held.finished(WAIT)).toBe(1);
  expect(work.ran).toEqual([1]);
  expect((await jobs.getQueue('default')).counts).toMatchObject({ completed: 1, failed: 0 });
  await admin.quit();
});
