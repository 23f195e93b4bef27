/** Passwords that rotate: connections that the library derives from a client come back with the new one. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Cluster, Redis } from 'ioredis';
import { JobSchedulerModule, JobService, type JobContext, type JobSchedulerOptions } from 'nestjs-job-scheduler';
import { Client, Pool } from 'pg';
import { WAIT } from '../support/machine.js';
import { randomPrefix } from '../support/prefix.js';
import { findPostgres, startPostgres, startRedis, type TestServer } from '../support/servers.mjs';
import { until } from '../support/until.js';

Logger.overrideLogger(false);

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** Runs a job, hears of its end, and cancels another one, which needs a connection of each kind. */
async function tryAll(jobs: JobService): Promise<unknown[]> {
  const { id } = await until('it can be enqueued', () => jobs.enqueue('double', 21));
  await until('it has ended', async () => (await jobs.getStatus(id)) === 'completed');
  const handle = await jobs.enqueue('double', 4);
  const result = await handle.finished(WAIT);
  const endless = await jobs.enqueue('endless', null);
  await until('it runs', async () => (await jobs.getStatus(endless.id)) === 'running');
  await until('it is cancelled', () => jobs.cancel(endless.id));
  const { code } = (await endless.finished(WAIT).catch((error: unknown) => error as { code: string })) as {
    code: string;
  };
  return [result, code];
}
const ALL_WORK = [8, 'JOB_CANCELLED'];

async function start(connection: JobSchedulerOptions['connection']): Promise<JobService> {
  @Module({ imports: [JobSchedulerModule.forRoot({ connection: connection!, prefix: randomPrefix() })] })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
  closers.push(() => app.close());
  const jobs = app.get(JobService);
  jobs.register({ name: 'double', retry: 0 }, (n) => 2 * (n as number));
  jobs.register({ name: 'endless', retry: 0 }, async (_, { signal }: JobContext) => {
    await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
  });
  return jobs;
}

/** Of each connection but the one that asks: to how many channels it subscribes. */
async function subscriptions(admin: Redis): Promise<string[]> {
  const list = (await admin.client('LIST')) as string;
  const self = await admin.client('ID');
  return list
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(`id=${self} `))
    .map((line) => /\bsub=(\d+)/.exec(line)![1]!)
    .toSorted();
}

async function startOn(port: number | undefined, password: string, args: string[] = []): Promise<TestServer> {
  const server = await startRedis({
    ...(port !== undefined && { port }),
    args: ['--requirepass', password, '--masterauth', password, ...args],
  });
  closers.push(() => server.stop());
  return server;
}

function adminOf(port: number, password: string): Redis {
  const admin = new Redis({ port, password }).on('error', () => undefined);
  closers.push(() => admin.disconnect());
  return admin;
}

test('an ioredis client whose password changes before its server starts again with it', async () => {
  const server = await startOn(undefined, 'old');
  const client = new Redis({ port: server.port, password: 'old' }).on('error', () => undefined);
  closers.push(() => client.disconnect());
  const jobs = await start(client);
  expect(await tryAll(jobs)).toEqual(ALL_WORK);
  const old = adminOf(server.port, 'old');
  const before = await subscriptions(old);
  old.disconnect();

  client.options.password = 'new';
  await server.stop();
  await startOn(server.port, 'new');
  expect(await tryAll(jobs)).toEqual(ALL_WORK);
  const admin = adminOf(server.port, 'new');
  await until('the same connections are there as before', async () => {
    expect(await subscriptions(admin)).toEqual(before);
    return true;
  });
});

test('an ioredis client that learns of a new password after its server has it', async () => {
  const server = await startOn(undefined, 'old');
  const client = new Redis({ port: server.port, password: 'old' }).on('error', () => undefined);
  closers.push(() => client.disconnect());
  const jobs = await start(client);
  expect(await tryAll(jobs)).toEqual(ALL_WORK);

  const admin = adminOf(server.port, 'old');
  await admin.config('SET', 'requirepass', 'new');
  await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  const refused = await until('it is refused', () => jobs.enqueue('double', 1).then(() => false, (error: unknown) => error)); // prettier-ignore
  expect(refused).toMatchObject({ code: 'STORE_UNAVAILABLE' });
  client.options.password = 'new';
  expect(await tryAll(jobs)).toEqual(ALL_WORK);
});

test('a Cluster whose password changes before its server starts again with it', async () => {
  const args = ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'];
  const startNode = async (port: number | undefined, password: string) => {
    const server = await startOn(port, password, args);
    const node = adminOf(server.port, password);
    await node.cluster('ADDSLOTSRANGE', 0, 16_383);
    await until('it has all slots', async () => /cluster_state:ok/.test(await node.cluster('INFO')));
    return server;
  };
  const server = await startNode(undefined, 'old');
  const cluster = new Cluster([{ host: '127.0.0.1', port: server.port }], { redisOptions: { password: 'old' } });
  cluster.on('error', () => undefined);
  closers.push(() => cluster.disconnect());
  const jobs = await start(cluster);
  expect(await tryAll(jobs)).toEqual(ALL_WORK);

  cluster.options.redisOptions!.password = 'new';
  await server.stop();
  await startNode(server.port, 'new');
  expect(await tryAll(jobs)).toEqual(ALL_WORK);
});

(findPostgres() ? describe : describe.skip)('on PostgreSQL', () => {
  test('a pool of pg that asks for the password at each connection', async () => {
    const server = (await startPostgres({ password: 'old' }))!;
    closers.push(() => server.stop());
    let password = 'old';
    const at = { host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' };
    const pool = new Pool({ ...at, password: () => password }).on('error', () => undefined);
    closers.push(() => pool.end());
    const jobs = await start(pool);
    expect(await tryAll(jobs)).toEqual(ALL_WORK);

    const admin = new Client({ ...at, password });
    await admin.connect();
    closers.push(() => admin.end());
    await admin.query(`ALTER ROLE postgres PASSWORD 'new'`);
    password = 'new';
    await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()');
    expect(await tryAll(jobs)).toEqual(ALL_WORK);
    await until('one listens again', async () => {
      const { rows } = await admin.query(`SELECT FROM pg_stat_activity WHERE query LIKE 'LISTEN bullmq_jobs%'`);
      return rows.length === 1;
    });
  });
});
