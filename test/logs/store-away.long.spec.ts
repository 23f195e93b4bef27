/** Log lines while the store is away. */
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Job, JobContext, JobHistory, JobSchedulerModule, JobService } from 'nestjs-job-scheduler';
import { StoreHolder } from '#src/store/store-holder.js';
import { randomPrefix } from '../support/prefix.js';
import { startRedis } from '../support/servers.mjs';
import { until } from '../support/until.js';
import { scaled } from '../support/machine.js';

Logger.overrideLogger(false);

const talks = new Map<string, { ctx: JobContext; end: () => void }>();

@Job({ name: 'talker', retry: 0 })
class Talker {
  async run(_: unknown, ctx: JobContext): Promise<void> {
    await new Promise<void>((resolve) => talks.set(ctx.id, { ctx, end: resolve }));
  }
}

let redis: Awaited<ReturnType<typeof startRedis>>;
let app: INestApplicationContext;

beforeEach(async () => {
  redis = await startRedis();
  @Module({
    imports: [
      JobSchedulerModule.forRoot({ connection: redis.url, prefix: randomPrefix(), lockDuration: scaled(60_000) }),
    ],
    providers: [Talker],
  })
  class App {}
  app = await NestFactory.createApplicationContext(App, { logger: false });
});
afterEach(async () => {
  process.kill(redis.pid, 'SIGCONT');
  await app.close();
  await redis.stop();
});

const talking = async () => {
  const { id } = await app.get(JobService).enqueue({ jobName: 'talker' }, undefined);
  return { id, ...(await until('it runs', () => talks.get(id))) };
};
const told = async (id: string) => (await app.get(JobHistory).getLogs(id)).map(({ message }) => message);

it('a store that hangs: the handler goes on, and its lines are stored once and in order when it is back', async () => {
  const { id, ctx, end } = await talking();
  const { logs } = app.get(StoreHolder).require('see what is sent');
  const append = logs.append.bind(logs);
  const sent: number[] = [];
  logs.append = (batch) => {
    sent.push(batch.number);
    return append(batch);
  };
  ctx.log('before');
  await until('it is stored', async () => (await told(id)).length === 1);
  process.kill(redis.pid, 'SIGSTOP');
  for (let n = 1; n <= 20; n++) {
    ctx.log(`away ${n}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  // The same batch again, while Redis has the first one still before it.
  await until('the first try was given up', () => sent.filter((number) => number === sent.at(-1)).length === 2);
  process.kill(redis.pid, 'SIGCONT');
  ctx.log('after');
  end();
  await until('it has ended', async () => (await app.get(JobService).getStatus(id)) === 'completed');
  await until('the last line is stored', async () => (await told(id)).at(-1) === 'after');
  expect(await told(id)).toEqual(['before', ...Array.from({ length: 20 }, (_, n) => `away ${n + 1}`), 'after']);
});
