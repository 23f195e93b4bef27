/** Progress that is reported faster than a store takes it. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JobSchedulerModule, JobService } from 'nestjs-job-scheduler';
import { WAIT } from '../support/machine.js';
import { randomPrefix } from '../support/prefix.js';
import { sharedStores } from '../support/stores.js';
import { until } from '../support/until.js';

Logger.overrideLogger(false);

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const stores: [name: string, url: string][] = [['memory', 'memory:'], ...sharedStores];

describe.each(stores)('on %s', (_name, connection) => {
  it('thousands of reports that are not awaited cost a few commands, and the newest is told before the end', async () => {
    @Module({ imports: [JobSchedulerModule.forRoot({ connection, prefix: randomPrefix() })] })
    class App {}
    const app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
    closers.push(() => app.close());
    const jobs = app.get(JobService);
    const told: unknown[] = [];
    const events = jobs.events().subscribe((event) => {
      if (event.type === 'progress') told.push(event.progress);
      if (event.type === 'completed') told.push('completed');
    });
    closers.push(async () => events.unsubscribe());
    let hears = false;
    jobs.register({ name: 'numbers' }, async (_, ctx) => {
      await until('events are wanted', async () => {
        await ctx.progress(0);
        return (hears = told.length > 0);
      });
      told.splice(0);
      for (let n = 1; n <= 5_000; n++) void ctx.progress(n);
    });
    const filling = 'x'.repeat(10_000);
    jobs.register({ name: 'objects' }, async (_, ctx) => {
      const progress = { n: 0, filling };
      for (progress.n = 1; progress.n < 1_000; progress.n++) void ctx.progress(progress);
      await ctx.progress(progress);
      progress.n = -1;
    });

    await (await jobs.enqueue('numbers', undefined)).finished(WAIT);
    await until('the end is told', () => told.includes('completed'));
    expect(hears).toBe(true);
    expect(told.slice(-2)).toEqual([5_000, 'completed']);
    expect(told.length).toBeLessThan(20);

    told.splice(0);
    await (await jobs.enqueue('objects', undefined)).finished(WAIT);
    await until('the end is told', () => told.includes('completed'));
    expect(told.slice(-2)).toEqual([{ n: 1_000, filling }, 'completed']);
    expect(told.length).toBeLessThan(20);
  });
});
