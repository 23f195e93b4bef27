/** How long the oldest job of a queue has waited. */
import { expect, test } from '@jest/globals';
import { Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getQueueToken } from '@nestjs/bullmq';
import type { Queue } from 'bullmq';
import { JobSchedulerModule, JobService } from 'nestjs-job-scheduler';
import { closedAfterEach } from '../support/closed-after-each.js';
import { randomPrefix } from '../support/prefix.js';
import { everyStore, storesOfSuite } from '../support/stores.js';

Logger.overrideLogger(false);

const HOUR = 3_600_000;

const apps = closedAfterEach<INestApplicationContext>();

test.each(storesOfSuite(everyStore))(
  'the wait of a queue on %s is that of its oldest job, not of its newest, paused or not',
  async (_, connection) => {
    @Module({ imports: [JobSchedulerModule.forRoot({ connection, prefix: randomPrefix(), autoStart: false })] })
    class App {}
    const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
    apps.push(app);
    const jobs = app.get(JobService);
    const queue = app.get<Queue>(getQueueToken('default'));
    expect((await jobs.getQueue('default')).oldestWaitingMs).toBeUndefined();
    for (const hours of [3, 1, 0]) await queue.add('any', {}, { timestamp: Date.now() - hours * HOUR });
    const waited = async () => (await jobs.getQueue('default')).oldestWaitingMs! / HOUR;
    expect(Math.round(await waited())).toBe(3);
    await queue.pause();
    expect(Math.round(await waited())).toBe(3);
    await queue.add('first', {}, { priority: 1, timestamp: Date.now() - 5 * HOUR });
    expect(Math.round(await waited())).toBe(5);
  },
);
