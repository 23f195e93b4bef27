/** How much of an execution is stored after many attempts. */
import { expect, test } from '@jest/globals';
import { Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { DeadLetters, JobHistory, JobSchedulerModule, JobService } from 'nestjs-job-scheduler';
import { Client } from 'pg';
import { closedAfterEach } from '../support/closed-after-each.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { sharedStores, storesOfSuite } from '../support/stores.js';

Logger.overrideLogger(false);

const MB = 1_000_000;
/** Were the payload stored with each, it would be four times the bound. */
const ATTEMPTS = 11;

const apps = closedAfterEach<INestApplicationContext>();

async function start(connection: string) {
  const prefix = randomPrefix();
  @Module({ imports: [JobSchedulerModule.forRoot({ connection, prefix, autoStart: false })] })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
  apps.push(app);
  const [jobs, history, letters] = [app.get(JobService), app.get(JobHistory), app.get(DeadLetters)];
  return { prefix, jobs, history, letters };
}

/** Characters of all values, but BullMQ's events, which have a bound of their own. */
const sizeOn: Record<string, (prefix: string) => Promise<number>> = {
  async Redis(prefix) {
    const redis = new Redis(process.env.TEST_REDIS_URL!);
    let size = 0;
    for await (const keys of redis.scanStream({ match: `{${prefix}*`, count: 1_000 }))
      for (const key of keys as string[])
        if ((await redis.type(key)) === 'hash') size += (await redis.hvals(key)).join('').length;
    await redis.quit();
    return size;
  },
  async PostgreSQL(prefix) {
    const client = new Client(process.env.TEST_POSTGRES_URL);
    await client.connect();
    let size = 0;
    for (const table of ['njs_execution', 'njs_attempt', 'njs_stats', 'job']) {
      const { rows } = await client.query<{ size: string }>(
        `SELECT coalesce(sum(length(t::text)), 0) AS size FROM "${prefix}"."${table}" t`,
      );
      size += Number(rows[0]!.size);
    }
    await client.end();
    return size;
  },
};

test.each(storesOfSuite(sharedStores))(
  'a payload on %s is stored once, however many attempts fail',
  async (name, connection) => {
    const { prefix, jobs, history, letters } = await start(connection);
    const payload = { text: 'x'.repeat(MB / 4) };
    let fails = true;
    jobs.register({ name: 'large', retry: { max: ATTEMPTS - 1, delay: 0 } }, async (_, ctx) => {
      if (fails || ctx.attempt === 1) throw new Error('no');
    });
    await jobs.start();
    const handle = await jobs.enqueue('large', payload);
    await expect(handle.finished()).rejects.toMatchObject({ code: 'JOB_FAILED' });
    // With the dead letter itself.
    expect(await sizeOn[name]!(prefix)).toBeLessThan(2 * payload.text.length + 200_000);
    for (let round = 0; round < 2; round++) {
      await letters.retry(handle.id);
      await until('it has failed again', async () => {
        const found = await history.getExecution(handle.id);
        return found?.status === 'failed' && found.attempts.length === ATTEMPTS * (round + 2);
      });
    }
    expect(await sizeOn[name]!(prefix)).toBeLessThan(2 * payload.text.length + 200_000);
    expect((await history.getExecution(handle.id))?.payload).toEqual(payload);
    fails = false;
    await letters.retry(handle.id);
    await until('it has completed', async () => (await jobs.getStatus(handle.id)) === 'completed');
    expect((await history.find({ job: 'large' })).items[0]?.payload).toEqual(payload);
  },
);

test.each(storesOfSuite(sharedStores))(
  'ten dead letters on %s with messages of 1 MB take less than one, with their frames',
  async (name, connection) => {
    const { prefix, jobs, history, letters } = await start(connection);
    const message = `${'é'.repeat(MB)} at the end`;
    jobs.register({ name: 'tells', retry: { max: 10, delay: 0 } }, async function failsLoudly() {
      throw new Error(message);
    });
    await jobs.start();
    const ends = await jobs.enqueueMany(Array.from({ length: 10 }, () => ({ job: 'tells', payload: {} })));
    for (const handle of ends) await expect(handle.finished()).rejects.toMatchObject({ code: 'JOB_FAILED' });
    expect(await sizeOn[name]!(prefix)).toBeLessThan(MB);
    const page = await letters.list({ limit: 10 });
    expect(page.items).toHaveLength(10);
    expect(JSON.stringify(page).length).toBeLessThan(MB / 5);
    expect(page.items[0]!.error.stack).toContain('failsLoudly');
    const { attempts, error } = (await history.getExecution(ends[0]!.id))!;
    expect(attempts).toHaveLength(11);
    expect(attempts[0]!.error!.message.length).toBeGreaterThan(2_000);
    expect(error!.message.length).toBeGreaterThan(4_000);
    expect(attempts.at(-1)!.stack).toContain('failsLoudly');
  },
);
