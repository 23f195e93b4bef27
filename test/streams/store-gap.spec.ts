/** A process that tells what another one's job logs, and loses the store for a while. */
import { afterEach, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { JobHistory } from 'nestjs-job-scheduler';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { startTcpProxy, type TcpProxy } from '../store/tcp-proxy.js';
import { serve, StreamClient, talkOf, type Served } from './kit.js';

Logger.overrideLogger(false);

const redis = new URL(process.env.TEST_REDIS_URL!);
const served: Served[] = [];
let proxy: TcpProxy;
let client: StreamClient | undefined;

afterEach(async () => {
  client?.drop();
  await proxy.restore();
  await Promise.all(served.map(({ app }) => app.close()));
  await proxy.close();
});

it('what was logged while messages were lost comes when the store is back, in order and once', async () => {
  proxy = await startTcpProxy(Number(redis.port));
  const through = new URL(redis);
  through.port = String(proxy.port);
  const prefix = randomPrefix();
  const worker = await serve({ connection: redis.href, prefix });
  const reader = await serve({ connection: through.href, prefix, role: 'producer' });
  served.push(worker, reader);
  const { id } = await worker.jobs.enqueue({ jobName: 'talker' }, undefined);
  const { ctx, end } = await talkOf(id);
  client = await new StreamClient(`${reader.url}/executions/${id}/logs/stream`).connect();
  const { told } = client;
  ctx.log('before');
  await until('it came', () => told.length === 1);

  await proxy.cut();
  for (let n = 0; n < 5; n++) ctx.log(`lost ${n}`);
  const history = worker.app.get(JobHistory);
  await until('they are stored', async () => (await history.getLogs(id)).length === 6);
  expect(told).toHaveLength(1);
  await proxy.restore();
  await until('they came', () => told.length === 6);
  ctx.log('after');
  await until('it came', () => told.length === 7);
  end();
  await until('the stream ended', () => client!.ended);
  expect(client.messages()).toEqual([
    'before',
    ...Array.from({ length: 5 }, (_, n) => `lost ${n}`),
    'after',
    'end: completed',
  ]);
});
