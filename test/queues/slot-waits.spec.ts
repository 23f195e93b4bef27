/** Jobs that await jobs which they enqueued, in all slots. */
import { expect, test } from '@jest/globals';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JobSchedulerModule, JobService } from 'nestjs-job-scheduler';
import { closedAfterEach } from '../support/closed-after-each.js';
import { gate } from '../support/gate.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';

const apps = closedAfterEach<INestApplicationContext>();

test('warn when none is left for what they wait for, and not before', async () => {
  const warned: string[] = [];
  const logger = {
    log: () => undefined,
    error: () => undefined,
    warn: (text: unknown) => void warned.push(String(text)),
  };
  @Module({
    imports: [
      JobSchedulerModule.forRoot({ connection: 'memory:', prefix: randomPrefix(), concurrency: 2, autoStart: false }),
    ],
  })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { logger, abortOnError: false });
  apps.push(app);
  const jobs = app.get(JobService);
  const { opened, open } = gate();
  const waits: string[] = [];
  jobs.register({ name: 'child' }, () => 'done');
  jobs.register({ name: 'parent', retry: 0 }, async (_, ctx) => {
    const child = await jobs.enqueue('child', undefined);
    waits.push(ctx.id);
    return Promise.race([child.finished(), opened]);
  });
  await jobs.start();
  const stuck = () => warned.filter((text) => text.includes('All 2 slots of this process are busy'));
  expect(await (await jobs.enqueue('parent', undefined)).finished()).toBe('done');
  expect(stuck()).toEqual([]);
  const parents = await jobs.enqueueMany([1, 2].map(() => ({ job: 'parent', payload: undefined })));
  await until('it warns', () => stuck().length > 0);
  expect(waits).toHaveLength(3);
  open();
  await Promise.all(parents.map((handle) => handle.finished()));
  expect(stuck()).toHaveLength(1);
});
