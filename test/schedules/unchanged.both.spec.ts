/** What BullMQ's entry of a schedule is after changes, and after many who write it at once. */
import { expect, test } from '@jest/globals';
import { Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JobSchedulerModule, JobService, ScheduleService } from 'nestjs-job-scheduler';
import { checkEntry } from '#src/scheduling/sync/scheduler-diff.js';
import type { TickData } from '#src/scheduling/tick-queue.js';
import { encodeSchedulerId, TICK_QUEUE } from '#src/store/names.js';
import { SchedulerSync } from '#src/scheduling/sync/scheduler-sync.js';
import { StoreHolder } from '#src/store/store-holder.js';
import { closedAfterEach } from '../support/closed-after-each.js';
import { randomPrefix } from '../support/prefix.js';
import { everyStore, storesOfSuite } from '../support/stores.js';

Logger.overrideLogger(false);

const apps = closedAfterEach<INestApplicationContext>();

async function producer(connection: string): Promise<INestApplicationContext> {
  @Module({ imports: [JobSchedulerModule.forRoot({ connection, prefix: randomPrefix(), role: 'producer' })] })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
  apps.push(app);
  app.get(JobService).register({ name: 'yearly' }, () => undefined);
  return app;
}

test.each(storesOfSuite(everyStore))(
  'a yearly schedule on %s that starts in 1970, and is changed ten times, stays as it is written, and small',
  async (_, connection) => {
    const app = await producer(connection);
    const schedules = app.get(ScheduleService);
    const store = app.get(StoreHolder, { strict: false }).require('look');
    const id = 'new-year';
    await schedules.create({ id, job: 'yearly', schedule: '@yearly', start: new Date(0) });
    for (let n = 1; n <= 10; n++) {
      await schedules.update(id, { schedule: `${n} 0 1 1 *` });
      const [entry] = await store.queues.schedulers(TICK_QUEUE, [encodeSchedulerId(id)]);
      expect((entry!.data as TickData).by).toHaveLength(1);
      const stored = await store.schedules.get(id);
      const options = { readAt: Date.now(), grace: 0, isIdle: true };
      expect(checkEntry(stored, entry, options)).toEqual({ todo: 'nothing' });
    }
  },
);

test.each(storesOfSuite(everyStore))(
  'an entry on %s that twenty write at once is written, and none of them fails',
  async (_, connection) => {
    const app = await producer(connection);
    const id = 'new-year';
    await app.get(ScheduleService).create({ id, job: 'yearly', schedule: '@yearly' });
    const { queues } = app.get(StoreHolder, { strict: false }).require('look');
    const entries = app.get(SchedulerSync, { strict: false });
    const key = encodeSchedulerId(id);
    for (let round = 0; round < 5; round++) {
      await queues.queue(TICK_QUEUE).removeJobScheduler(key);
      await Promise.all(Array.from({ length: 20 }, () => entries.apply([id])));
      expect(await queues.schedulers(TICK_QUEUE, [key])).toMatchObject([{ key }]);
    }
  },
);
