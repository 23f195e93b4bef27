/** A job in a queue whose data is no JSON any more. */
import { expect, test } from '@jest/globals';
import { Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { JobHistory, JobSchedulerModule, JobService } from 'nestjs-job-scheduler';
import { closedAfterEach } from '../support/closed-after-each.js';
import { randomPrefix } from '../support/prefix.js';

Logger.overrideLogger(false);

const apps = closedAfterEach<INestApplicationContext>();

test('has a state, and fails its waiters with an error of ours, whenever they begin', async () => {
  const prefix = randomPrefix();
  const connection = process.env.TEST_REDIS_URL!;
  @Module({ imports: [JobSchedulerModule.forRoot({ connection, prefix, autoStart: false })] })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
  apps.push(app);
  const [jobs, history] = [app.get(JobService), app.get(JobHistory)];
  jobs.register({ name: 'reads', retry: 0 }, () => 'done');
  const handle = await jobs.enqueue('reads', { n: 1 }, { id: 'cut-1' });
  const redis = new Redis(connection);
  await redis.hset(`{${prefix}:default}:default:cut-1`, 'data', '{"n":');
  await redis.quit();
  expect(await jobs.getStatus(handle.id)).toBe('pending');
  expect(await history.getExecution(handle.id)).toMatchObject({ id: handle.id, status: 'pending' });
  // One that cannot be read hides nothing of its queue.
  const other = await jobs.enqueue('reads', { n: 2 }, { id: 'whole-2' });
  const { items } = await history.find({ status: 'pending' });
  expect(items.map(({ id }) => id).toSorted()).toEqual([handle.id, other.id]);
  expect(await jobs.getQueue('default')).toMatchObject({ oldestWaitingMs: expect.any(Number), counts: { pending: 2 } });
  const waiting = handle.finished();
  waiting.catch(() => undefined);
  await jobs.start();
  await expect(waiting).rejects.toMatchObject({ code: 'JOB_FAILED' });
  await expect(handle.finished()).rejects.toMatchObject({ code: 'JOB_FAILED' });
  expect(await jobs.getStatus(handle.id)).toBe('failed');
});
