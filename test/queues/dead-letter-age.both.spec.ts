/** Each dead letter stays for its own `retention.failed`, whatever fails after it. */
import { expect, test } from '@jest/globals';
import { getQueueToken } from '@nestjs/bullmq';
import { Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { Queue } from 'bullmq';
import { Clock, DeadLetters, defineJob, JobSchedulerModule, JobService, SystemClock } from 'nestjs-job-scheduler';
import { DeadLetterSweep } from '#src/service/dead-letters/dead-letter-sweep.js';
import { BullQueues } from '#src/queues/bull-queues.js';
import { JobRegistry } from '#src/discovery/job-registry.js';
import { StoreHolder } from '#src/store/store-holder.js';
import { closedAfterEach } from '../support/closed-after-each.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { everyStore, storesOfSuite } from '../support/stores.js';

Logger.overrideLogger(false);

const DAY = 86_400_000;

const apps = closedAfterEach<INestApplicationContext>();

async function start(connection: string, prefix: string, jobsOf: (jobs: JobService) => void) {
  @Module({ imports: [JobSchedulerModule.forRoot({ connection, prefix, autoStart: false })] })
  class App {}
  const module = await Test.createTestingModule({ imports: [App] }).compile();
  const app = await module.createNestApplication({ logger: false }).init();
  apps.push(app);
  const jobs = app.get(JobService);
  jobsOf(jobs);
  const of = <T>(token: abstract new (...args: never[]) => T): T => app.get(token as never, { strict: false });
  return {
    jobs,
    letters: app.get(DeadLetters),
    queue: app.get<Queue>(getQueueToken('default')),
    /** A round of the sweep, so many days from now. */
    sweepIn: async (days: number) => {
      const clock = new SystemClock();
      const later = Object.create(clock, { now: { value: () => clock.now() + days * DAY } }) as Clock;
      const sweep = new DeadLetterSweep(of(StoreHolder).require('sweep'), of(BullQueues), of(JobRegistry), later);
      await sweep.sweep('w', 0);
    },
  };
}

const fails = () => Promise.reject(new Error('no'));

test.each(storesOfSuite(everyStore))('on %s, a dead letter stays for its own retention', async (_, connection) => {
  const prefix = randomPrefix();
  const years = { name: 'years', retry: 0, retention: { failed: '365d' } } as const;
  const here = await start(connection, prefix, (jobs) => {
    jobs.register({ name: 'days', retry: 0, retention: { failed: '3d' } }, fails);
    jobs.register(years, fails);
  });
  const { jobs, letters, queue, sweepIn } = here;
  await jobs.start();
  const left = async () => (await letters.list()).items.map(({ id }) => id).toSorted();
  const failed = (n: number) => until(`${n} have failed`, async () => (await queue.getFailedCount()) === n);
  const options = (id: string) => ({ id, retention: { failed: '365d' } as const });
  await jobs.enqueue('days', undefined, options('a-long'));
  await jobs.enqueue('days', undefined, { id: 'b-short' });
  await jobs.enqueue('years', undefined, { id: 'c-years' });
  // As one that knows the job by its contract only enqueues it: the longest time is its own default, 30 days.
  const elsewhere = await start(connection, prefix, () => undefined);
  await elsewhere.jobs.enqueue(defineJob('years'), undefined, { id: 'd-contract' });
  await failed(4);
  const failedBy = Date.now();

  // Those that fail later, and keep nothing for long, drop nothing.
  await until('they are older than a second', () => Date.now() > failedBy + 1_000);
  await jobs.enqueue('days', undefined, { id: 'e-now', retention: { failed: '1s' } });
  await failed(5);
  await jobs.enqueue('days', undefined, { id: 'f-later' });
  await failed(6);

  await elsewhere.sweepIn(2);
  expect(await left()).toEqual(['a-long', 'b-short', 'c-years', 'd-contract', 'f-later']);
  await sweepIn(100);
  expect(await left()).toEqual(['a-long', 'c-years', 'd-contract']);
  await elsewhere.sweepIn(400);
  expect(await left()).toEqual(['d-contract']);
  await sweepIn(400);
  expect(await left()).toEqual([]);
});
