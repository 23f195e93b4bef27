/** Lists of executions that wait, of which each carries much. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { Job, JobHistory, JobSchedulerModule, JobService } from 'nestjs-job-scheduler';
import { randomPrefix } from '../support/prefix.js';
import { startRedis } from '../support/servers.mjs';
import { sharedStores } from '../support/stores.js';

Logger.overrideLogger(false);

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

@Injectable()
class Work {
  @Job({ name: 'heavy', queue: 'heavy' })
  async heavy(_payload: { text: string; n: number }): Promise<void> {}
}

const WAITING = 100;
const text = 'x'.repeat(950_000);

const stores: [name: string, url?: string][] = [['Redis'], ...sharedStores.slice(1), ['memory', 'memory:']];

describe.each(stores)('95 MB of waiting jobs on %s', (name, url) => {
  it('are listed one at a time, newest first, and only what is shown is read', async () => {
    let connection = url;
    if (!connection) {
      const redis = await startRedis();
      closers.push(() => redis.stop());
      connection = redis.url;
    }
    @Module({
      imports: [JobSchedulerModule.forRoot({ connection, prefix: randomPrefix(), queues: { heavy: 1 } })],
      providers: [Work],
    })
    class App {}
    const app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
    closers.push(() => app.close());
    const [jobs, history] = [app.get(JobService), app.get(JobHistory)];
    await jobs.pauseQueue('heavy');
    for (let n = 0; n < WAITING; n++)
      await jobs.enqueueIn('heavy', { text, n }, n % 2 === 0 ? '1h' : 0, { priority: n % 3 });

    const seen: number[] = [];
    const sent = name === 'Redis' ? await bytesSent(connection) : 0;
    let before: string | undefined;
    for (let page = 0; page < 3; page++) {
      const { items, next } = await history.find({ status: 'pending', limit: 1, before });
      expect(items).toHaveLength(1);
      seen.push((items[0]!.payload as { n: number }).n);
      before = next;
    }
    const read = name === 'Redis' ? (await bytesSent(connection)) - sent : 0;

    expect(seen).toEqual([WAITING - 1, WAITING - 2, WAITING - 3]);
    expect(read).toBeLessThan(5 * text.length);
  });
});

/** By a Redis server, to all its clients. */
async function bytesSent(url: string): Promise<number> {
  const client = new Redis(url);
  try {
    return Number(/total_net_output_bytes:(\d+)/.exec(await client.info('stats'))![1]);
  } finally {
    client.disconnect();
  }
}
