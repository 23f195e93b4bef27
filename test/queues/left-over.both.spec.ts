/** Executions between two attempts whose jobs leave their queue by BullMQ's own means. */
import { expect, test } from '@jest/globals';
import { getQueueToken } from '@nestjs/bullmq';
import { Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Queue } from 'bullmq';
import { JobHistory, JobSchedulerModule, JobService } from 'nestjs-job-scheduler';
import { closedAfterEach } from '../support/closed-after-each.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { everyStore, storesOfSuite } from '../support/stores.js';

Logger.overrideLogger(false);

const apps = closedAfterEach<INestApplicationContext>();

async function start(connection: string) {
  @Module({ imports: [JobSchedulerModule.forRoot({ connection, prefix: randomPrefix(), autoStart: false })] })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
  apps.push(app);
  const jobs = app.get(JobService);
  const charged: string[] = [];
  let fails = true;
  jobs.register({ name: 'invoice', retry: { max: 1, delay: '1h' } }, async (_, ctx) => {
    await ctx.step('charge', () => charged.push(ctx.id));
    if (fails) throw new Error('no');
    return ctx.attempt;
  });
  await jobs.start();
  return {
    jobs,
    charged,
    history: app.get(JobHistory),
    queue: app.get<Queue>(getQueueToken('default')),
    work: () => (fails = false),
  };
}

const leave: [string, (queue: Queue) => Promise<unknown>][] = [
  ['cleaned', (queue) => queue.clean(0, 100, 'delayed')],
  ['obliterated', (queue) => queue.obliterate({ force: true })],
];

test.each(
  storesOfSuite(everyStore).flatMap(([name, connection]) =>
    leave.map(([how, out]) => [how, name, connection, out] as const),
  ),
)(
  'an id whose retry was %s on %s is free again, for enqueue and enqueueMany, and starts anew',
  async (_, __, connection, out) => {
    const { jobs, charged, history, queue, work } = await start(connection);
    const ids = ['one', 'two'];
    const first = await Promise.all(ids.map((id) => jobs.enqueue('invoice', {}, { id })));
    const isRetrying = async (id: string) => (await jobs.getStatus(id)) === 'retrying';
    await until('both wait for their retry', async () => (await Promise.all(ids.map(isRetrying))).every(Boolean));
    expect((await jobs.enqueue('invoice', {}, { id: 'one' })).duplicate).toBe(true);
    await out(queue);
    await expect(first[0]!.finished()).rejects.toMatchObject({ code: 'EXECUTION_UNKNOWN' });
    work();
    const again = [
      await jobs.enqueue('invoice', {}, { id: 'one' }),
      ...(await jobs.enqueueMany([{ job: 'invoice', payload: {}, options: { id: 'two' } }])),
    ];
    expect(again.map(({ duplicate }) => duplicate)).toEqual([false, false]);
    expect(await Promise.all(again.map((handle) => handle.finished()))).toEqual([1, 1]);
    expect(charged.toSorted()).toEqual(['one', 'one', 'two', 'two']);
    expect((await history.getExecution('one'))?.attempts).toHaveLength(1);
    expect((await jobs.enqueue('invoice', {}, { id: 'one' })).duplicate).toBe(true);
  },
);
