/** A right that a Redis user lacks for long. */
import { Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { Job, JobHealth, JobSchedulerModule, JobService } from 'nestjs-job-scheduler';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { startRedis, type TestServer } from '../support/servers.mjs';
import { documentedRights as documented } from './redis-rights.js';

class Greet {
  @Job()
  run(name: string): string {
    return `hello ${name}`;
  }
}
@Module({ providers: [Greet] })
class Jobs {}

let server: TestServer;
let admin: Redis;
let app: INestApplicationContext | undefined;
const warnings: string[] = [];

beforeAll(async () => {
  server = await startRedis();
  admin = new Redis(server.url);
  Logger.overrideLogger({
    log: () => undefined,
    error: (text: unknown) => void warnings.push(String(text)),
    warn: (text: unknown) => void warnings.push(String(text)),
  });
});
afterEach(async () => {
  await app?.close();
  app = undefined;
  warnings.length = 0;
});
afterAll(async () => {
  await admin.quit();
  await server.stop();
  Logger.overrideLogger(false);
});

async function boot(rules: string, prefix: string): Promise<INestApplicationContext> {
  await admin.call('ACL', 'SETUSER', prefix, 'reset', 'on', '>pass', ...rules.split(' '));
  const connection = `redis://${prefix}:pass@127.0.0.1:${server.port}`;
  app = await NestFactory.createApplicationContext(
    { module: Jobs, imports: [JobSchedulerModule.forRoot({ connection, prefix })] },
    { abortOnError: false },
  );
  return app;
}

async function runOne(started: INestApplicationContext, name: string): Promise<unknown> {
  const handle = await started.get(JobService).enqueue([Greet, 'run'], name);
  return handle.finished();
}

test('a right to wait for jobs that is missing for long is a warning, degrades health, and keeps no job waiting', async () => {
  const prefix = randomPrefix();
  const started = await boot(`${documented(prefix)} -bzpopmin`, prefix);
  expect(await runOne(started, 'you')).toBe('hello you');
  const warning = await until('it is warned of', () => warnings.find((text) => text.includes('bzpopmin')));
  expect(warning).toMatch(/Jobs of queue "\w+" start late/);
  await until('health tells', async () => {
    const { worker } = await started.get(JobHealth, { strict: false }).report();
    return worker.refused?.includes('default');
  });
  expect(await runOne(started, 'again')).toBe('hello again');
  await admin.call('ACL', 'SETUSER', prefix, '+bzpopmin');
  await until('all is well', async () => {
    const { worker } = await started.get(JobHealth, { strict: false }).report();
    return worker.refused === undefined;
  });
  expect(warnings).toHaveLength(1);
});
