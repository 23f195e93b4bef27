/** A Cluster that reads from replicas: ours never does, since a replica that lags would hide what was just written. */
import { afterEach, expect, test } from '@jest/globals';
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Cluster, Redis } from 'ioredis';
import { JobHistory, JobSchedulerModule, JobService } from 'nestjs-job-scheduler';
import { WAIT } from '../support/machine.js';
import { randomPrefix } from '../support/prefix.js';
import { startRedis } from '../support/servers.mjs';
import { until } from '../support/until.js';

Logger.overrideLogger(false);

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function startNode() {
  const server = await startRedis({ args: ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'] });
  closers.push(() => server.stop());
  const admin = new Redis(server.url);
  closers.push(() => admin.disconnect());
  return { server, admin };
}

test('a client with scaleReads "slave" beside a replica that has stopped: jobs run, and records are read at once', async () => {
  const [master, replica] = [await startNode(), await startNode()];
  await master.admin.cluster('ADDSLOTSRANGE', 0, 16_383);
  await replica.admin.cluster('MEET', '127.0.0.1', master.server.port);
  const id = await master.admin.cluster('MYID');
  await until('the replica follows', () => replica.admin.cluster('REPLICATE', id));
  await until('it is in step', async () => /master_link_status:up/.test(await replica.admin.info('replication')));
  await until('the cluster is well', async () => /cluster_state:ok/.test(await master.admin.cluster('INFO')));
  await until('the master tells of the replica', async () => {
    const [slots] = (await master.admin.cluster('SLOTS')) as unknown[][];
    return slots!.length === 4;
  });

  const given = new Cluster([{ host: '127.0.0.1', port: master.server.port }], { scaleReads: 'slave' });
  closers.push(() => given.disconnect());
  await until('the client knows both', () => given.nodes('slave').length === 1);
  await given.set('written', 'here');
  await until('the client reads from the replica', async () => (await given.get('written')) === 'here');
  expect(await replica.admin.info('commandstats')).toMatch(/cmdstat_get:/);

  @Module({ imports: [JobSchedulerModule.forRoot({ connection: given, prefix: randomPrefix() })] })
  class App {}
  process.kill(replica.server.pid, 'SIGSTOP');
  closers.push(() => process.kill(replica.server.pid, 'SIGCONT'));
  const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
  closers.push(() => app.close());
  const jobs = app.get(JobService);
  jobs.register<number>({ name: 'double' }, (n) => 2 * n);
  for (let n = 0; n < 20; n++) {
    const handle = await jobs.enqueue('double', n);
    expect(await handle.finished(WAIT)).toBe(2 * n);
    expect(await app.get(JobHistory).getExecution(handle.id)).toMatchObject({ status: 'completed', result: 2 * n });
  }
});
