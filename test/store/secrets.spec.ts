/** A password in a connection reaches no error, whatever hangs on it, no log and no health answer. */
import { inspect } from 'node:util';
import { ConsoleLogger, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { JobSchedulerModule, JobService, type JobSchedulerOptions } from 'nestjs-job-scheduler';
import { JobSchedulerHealthIndicator, JobSchedulerHealthModule } from 'nestjs-job-scheduler/health';
import { JobHealth } from '#src/service/job-health.js';
import { randomPrefix } from '../support/prefix.js';
import { freePort, startRedis, type TestServer } from '../support/servers.mjs';

const SECRET = 'pl4nted-s3cret';
const RIGHT = 'the-right-one';

let server: TestServer;
const logged: unknown[] = [];

beforeAll(async () => {
  server = await startRedis({ args: ['--requirepass', RIGHT] });
  const logger = new ConsoleLogger();
  for (const level of ['log', 'error', 'warn', 'debug', 'verbose', 'fatal'] as const)
    logger[level] = (...args: unknown[]) => void logged.push(args);
  Logger.overrideLogger(logger);
});
afterAll(() => server.stop());
afterEach(() => void logged.splice(0));

async function boot(connection: JobSchedulerOptions['connection']) {
  const prefix = randomPrefix();
  @Module({
    imports: [
      TerminusModule,
      JobSchedulerHealthModule,
      JobSchedulerModule.forRoot({ connection, prefix, role: 'producer' }),
    ],
  })
  class App {}
  return NestFactory.createApplicationContext(App, { abortOnError: false });
}

/** All that a debugger, a crash report or a log in JSON would show. */
function allOf(value: unknown): string {
  const shown = inspect(value, { depth: 20, showHidden: true, maxStringLength: null, maxArrayLength: null });
  return `${shown}\n${JSON.stringify(value)}\n${value instanceof Error ? `${value.stack} ${String(value.cause)}` : ''}`;
}

const clients: Redis[] = [];
afterEach(() => clients.splice(0).forEach((client) => client.disconnect()));

function clientOf(port: number): Redis {
  const client = new Redis({ host: '127.0.0.1', port, password: SECRET, lazyConnect: true });
  clients.push(client);
  return client.on('error', () => undefined);
}

const forms: [form: string, connection: (port: number) => JobSchedulerOptions['connection']][] = [
  ['a URL', (port) => `redis://:${SECRET}@127.0.0.1:${port}`],
  ['a URL with a user', (port) => `redis://somebody:${SECRET}@127.0.0.1:${port}/0`],
  ['options', (port) => ({ host: '127.0.0.1', port, password: SECRET })],
  ['a client', (port) => clientOf(port)],
];

describe('no password', () => {
  it('where one is needed, is told with the way to give it', async () => {
    const error = (await boot(`redis://127.0.0.1:${server.port}`).catch((thrown: unknown) => thrown)) as Error;
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(error.message).toContain('NOAUTH. It asks for a password: put it into the URL or the options');
  });
});

describe('a wrong password', () => {
  it.each(forms)('of %s is in nothing that the boot says', async (_, connection) => {
    const error = await boot(connection(server.port)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', cause: expect.any(Error) });
    expect(allOf(error)).not.toContain(SECRET);
    expect(allOf(logged)).not.toContain(SECRET);
  });

  it('of PostgreSQL, whose server is not there, is in nothing that the boot says', async () => {
    const error = await boot(`postgres://jobs:${SECRET}@127.0.0.1:${await freePort()}/shop`).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(allOf(error)).not.toContain(SECRET);
    expect(allOf(logged)).not.toContain(SECRET);
  });

  it('that was right until now is in no error, log or health answer, which name no address and no driver', async () => {
    const admin = new Redis(server.url, { password: RIGHT });
    await admin.config('SET', 'requirepass', SECRET);
    const app = await boot(`redis://:${SECRET}@127.0.0.1:${server.port}`);
    try {
      await admin.config('SET', 'requirepass', RIGHT);
      await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      const error = await app
        .get(JobService)
        .enqueue('none')
        .catch((thrown: unknown) => thrown);
      const refused = await app
        .get(JobService)
        .getQueue('default')
        .catch((thrown: unknown) => thrown);
      const health = await app.get(JobSchedulerHealthIndicator).isHealthy('jobs');
      const report = await app.get(JobHealth, { strict: false }).report();
      expect(refused).toMatchObject({ code: 'STORE_UNAVAILABLE' });
      for (const each of [error, refused, health, report, logged]) expect(allOf(each)).not.toContain(SECRET);
      expect(health).toMatchObject({ jobs: { status: 'down', store: { error: 'The job store does not answer' } } });
      for (const word of ['127.0.0.1', 'NOAUTH', 'WRONGPASS', 'ioredis']) expect(allOf(health)).not.toContain(word);
    } finally {
      await app.close();
      await admin.quit();
    }
  });
});
