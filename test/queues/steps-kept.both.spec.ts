/** Steps of a job that has failed for good, whatever became of its record. */
import { expect, test } from '@jest/globals';
import { getQueueToken } from '@nestjs/bullmq';
import { Injectable, Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Queue } from 'bullmq';
import {
  type DeadLetter,
  DeadLetters,
  Job,
  JobContext,
  JobHistory,
  JobSchedulerModule,
  JobService,
} from 'nestjs-job-scheduler';
import { closedAfterEach } from '../support/closed-after-each.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { everyStore, storesOfSuite } from '../support/stores.js';

Logger.overrideLogger(false);

/** With what a store may change: the order of keys, what looks like kept steps. */
const PAYLOAD = { b: 1, a: 'a\n', njsSteps: '[{"name":"charge"}]' };

@Injectable()
class Shop {
  static isBroken = true;
  static charged = 0;
  static readonly sold: Readonly<Record<string, unknown>>[] = [];

  @Job({ name: 'order', retry: 0 })
  async order(payload: unknown, ctx: JobContext) {
    const given = await ctx.step('charge', () => {
      // Those that only push others out are free.
      if (payload !== null) Shop.charged++;
      return { receipt: Shop.charged, note: '\n' };
    });
    if (Shop.isBroken) throw new Error('out of stock');
    Shop.sold.push({ id: ctx.id, ...given, payload: JSON.stringify(payload) });
  }

  @Job({ name: 'uncounted', retry: 0, retention: { count: 0 } })
  uncounted(payload: unknown, ctx: JobContext) {
    return this.order(payload, ctx);
  }

  @Job({ name: 'few', retry: 0, retention: { count: 1 } })
  few(payload: unknown, ctx: JobContext) {
    return this.order(payload, ctx);
  }
}

const apps = closedAfterEach<INestApplicationContext>();

async function start(connection: string, history: boolean) {
  @Module({ imports: [JobSchedulerModule.forRoot({ connection, prefix: randomPrefix(), history })], providers: [Shop] })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
  apps.push(app);
  return { app, jobs: app.get(JobService), queue: app.get<Queue>(getQueueToken('default')) };
}

type Started = Awaited<ReturnType<typeof start>>;

const RETRIES: Record<string, (started: Started, id: string) => Promise<unknown>> = {
  'the service': ({ jobs }, id) => jobs.retry(id),
  'the dead letters': ({ app }) => app.get(DeadLetters).retry({}),
  BullMQ: async ({ queue }, id) => (await queue.getJob(id))!.retry(),
};

const LOSSES: [name: string, job: string, history: boolean, lose: (started: Started) => Promise<unknown>][] = [
  ['history.clear', 'order', true, ({ app }) => app.get(JobHistory).clear('order')],
  ['a retention count of 0', 'uncounted', true, async () => undefined],
  ['history: false', 'order', false, async () => undefined],
  ['a later end', 'few', true, async (started) => failed(started, (await started.jobs.enqueue('few', null)).id)],
];

async function failed({ app }: Started, id: string): Promise<DeadLetter> {
  let found: DeadLetter | undefined;
  await until('it has failed', async () => {
    found = (await app.get(DeadLetters).list()).items.find((letter) => letter.id === id);
    return found !== undefined;
  });
  return found!;
}

test.each(storesOfSuite(everyStore))(
  'on %s a recorded step is not run again, also after its record was dropped and by any way to retry the job',
  async (_, connection) => {
    for (const [loss, job, history, lose] of LOSSES) {
      const started = await start(connection, history);
      for (const [by, retry] of Object.entries(RETRIES)) {
        const says = (value: unknown) => [loss, by, value];
        Shop.isBroken = true;
        Shop.charged = 0;
        Shop.sold.length = 0;
        const { id } = await started.jobs.enqueue(job, PAYLOAD);
        expect(says((await failed(started, id)).payload)).toEqual(says(PAYLOAD));
        await lose(started);
        const { charged } = Shop;
        // It fails once more, and goes on then.
        await retry(started, id);
        expect(says((await failed(started, id)).payload)).toEqual(says(PAYLOAD));
        await lose(started);
        Shop.isBroken = false;
        await retry(started, id);
        const sold = () => Shop.sold.find((each) => each.id === id);
        await until('it has gone on', () => sold() !== undefined);
        expect(says(sold())).toEqual(says({ id, receipt: 1, note: '\n', payload: JSON.stringify(PAYLOAD) }));
        expect(says(Shop.charged)).toEqual(says(charged));
        await started.app.get(DeadLetters).discard({});
      }
      await started.app.close();
    }
  },
);
