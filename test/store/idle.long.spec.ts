/** What an idle app asks of PostgreSQL: the figures stand in docs/connections.md, for servers that are paid by use. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JobSchedulerModule, JobService, type JobSchedulerOptions } from 'nestjs-job-scheduler';
import { Client } from 'pg';
import { figure } from '../support/figure.js';
import { WAIT } from '../support/machine.js';
import { startPostgres } from '../support/servers.mjs';
import { until } from '../support/until.js';

Logger.overrideLogger(false);

/** Seconds. PostgreSQL counts up to ten seconds late. */
const MEASURED = 30;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const apps: [database: string, most: number, options: JobSchedulerOptions][] = [
  ['all_queues', 265, {}],
  ['one_queue', 143, { queues: { default: 1 } }],
  ['producer', 3, { role: 'producer' }],
];

test('an idle app sends no more statements a minute than the docs say', async () => {
  const server = await startPostgres();
  if (!server) return;
  closers.push(() => server.stop());
  const admin = await until('it has started', async () => {
    const client = new Client(server.url);
    await client.connect();
    return client;
  });
  closers.push(() => admin.end());
  const counts = async () => {
    const { rows } = await admin.query<{ datname: string; n: string }>(
      'SELECT datname, xact_commit + xact_rollback AS n FROM pg_stat_database WHERE datname IS NOT NULL',
    );
    return new Map(rows.map(({ datname, n }) => [datname, Number(n)]));
  };
  for (const [database, , options] of apps) {
    await admin.query(`CREATE DATABASE ${database}`);
    const connection = Object.assign(new URL(server.url), { pathname: database }).href;
    @Module({ imports: [JobSchedulerModule.forRoot({ ...options, connection })] })
    class App {}
    const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
    closers.push(() => app.close());
    const jobs = app.get(JobService);
    jobs.register({ name: 'x' }, () => 1);
    const handle = await jobs.enqueue('x', null);
    if (options.role !== 'producer') await handle.finished(WAIT);
  }
  // What boot did is counted by then.
  await pause(12_000);
  const before = await counts();
  await pause(MEASURED * 1_000);
  const after = await counts();
  for (const [database, most] of apps) {
    const minute = ((after.get(database)! - before.get(database)!) * 60) / MEASURED;
    figure(`an idle app on PostgreSQL (${database}): ${Math.round(minute)} statements a minute`);
    expect(minute).toBeLessThan(1.3 * most + 10);
  }
});
