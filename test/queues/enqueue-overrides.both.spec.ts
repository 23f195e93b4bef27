/** What one enqueue says of retries and retention concerns that execution alone. */
import { expect, test } from '@jest/globals';
import { getQueueToken } from '@nestjs/bullmq';
import { Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Queue } from 'bullmq';
import { JobHistory, JobSchedulerModule, JobService, type JobSchedulerOptions } from 'nestjs-job-scheduler';
import { closedAfterEach } from '../support/closed-after-each.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { everyStore, storesOfSuite } from '../support/stores.js';

Logger.overrideLogger(false);

const HOUR = 3_600_000;

const apps = closedAfterEach<INestApplicationContext>();

async function start(options: JobSchedulerOptions, jobsOf: (jobs: JobService) => void = () => undefined) {
  @Module({ imports: [JobSchedulerModule.forRoot({ autoStart: false, ...options })] })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
  apps.push(app);
  const jobs = app.get(JobService);
  jobsOf(jobs);
  await jobs.start();
  return { jobs, history: app.get(JobHistory), queue: app.get<Queue>(getQueueToken('default')) };
}

test.each(storesOfSuite(everyStore))(
  'on %s, retry and retention of one enqueue are of that execution',
  async (_, connection) => {
    const prefix = randomPrefix();
    const { jobs, history, queue } = await start({ connection, prefix }, (service) => {
      service.register({ name: 'keeps' }, () => 1);
      service.register({ name: 'keeps none', retention: { count: 0 } }, () => 1);
      service.register({ name: 'fails', retry: { max: 1, delay: '1s', jitter: 0 } }, () =>
        Promise.reject(new Error('no')),
      );
    });
    const run = async (job: string, count?: number) => {
      const handle = await jobs.enqueue(job, undefined, count === undefined ? {} : { retention: { count } });
      await handle.finished();
      return handle.id;
    };
    const kept = async (job: string) => (await history.getExecutions(job)).map(({ id }) => id).toSorted();

    // A count of its own prunes no others.
    const ids = [await run('keeps'), await run('keeps'), await run('keeps', 1), await run('keeps', 1)];
    expect(await kept('keeps')).toEqual(ids.toSorted());
    await run('keeps', 0);
    expect(await kept('keeps')).toEqual(ids.toSorted());
    const wanted = [await run('keeps none', 1), await run('keeps none', 1)];
    await run('keeps none');
    expect(await kept('keeps none')).toEqual(wanted.toSorted());

    // One that is cancelled prunes no others, nor when its job is unknown where it is cancelled.
    const own = await jobs.enqueueIn('keeps', undefined, '1h', { retention: { count: 1 } });
    expect(await jobs.cancel(own.id)).toBe(true);
    const other = await jobs.enqueueIn('keeps', undefined, '1h');
    const elsewhere = await start({ connection, prefix, role: 'producer', defaults: { retention: { count: 1 } } });
    expect(await elsewhere.jobs.cancel(other.id)).toBe(true);
    expect(await kept('keeps')).toEqual([...ids, own.id, other.id].toSorted());

    // A delay over the longest one raises that, as where a job declares it.
    const late = await jobs.enqueue('fails', undefined, { retry: { delay: '2h' } });
    const retried = await until('it waits for its retry', async () =>
      (await queue.getDelayed()).find(({ id }) => id === late.id),
    );
    expect(retried.delay).toBe(2 * HOUR);
    const refused = { code: 'ENQUEUE_INVALID' };
    const retry = { delay: '2h', maxDelay: '1h' } as const;
    await expect(jobs.enqueue('fails', undefined, { retry })).rejects.toMatchObject(refused);
    await expect(jobs.enqueue('fails', undefined, { retry: 2e6 })).rejects.toMatchObject(refused);
  },
);
