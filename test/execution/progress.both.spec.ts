/** Progress that is reported faster than a store takes it. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JobHistory, JobSchedulerModule, JobService } from 'nestjs-job-scheduler';
import { turns } from '../support/held-clock.js';
import { WAIT } from '../support/machine.js';
import { randomPrefix } from '../support/prefix.js';
import { everyStore, storesOfSuite } from '../support/stores.js';
import { until } from '../support/until.js';

Logger.overrideLogger(false);

const stores = storesOfSuite(everyStore);

describe.each(stores)('on %s', (_name, connection) => {
  let app: INestApplicationContext;
  let jobs: JobService;
  const closers: (() => void)[] = [];
  beforeAll(async () => {
    @Module({ imports: [JobSchedulerModule.forRoot({ connection, prefix: randomPrefix() })] })
    class App {}
    app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
    jobs = app.get(JobService);
  });
  afterEach(() => {
    for (const close of closers.splice(0)) close();
  });
  afterAll(() => app?.close());

  it('thousands of reports that are not awaited cost a few commands, and the newest is told before the end', async () => {
    const told: unknown[] = [];
    const events = jobs.events().subscribe((event) => {
      if (event.type === 'progress') told.push(event.progress);
      if (event.type === 'completed') told.push('completed');
    });
    closers.push(() => events.unsubscribe());
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

  it('progress that JSON leaves out is told as null', async () => {
    const told: unknown[] = [];
    const events = jobs.events().subscribe((event) => event.type === 'progress' && told.push(event.progress));
    closers.push(() => events.unsubscribe());
    jobs.register({ name: 'odd' }, async (_, ctx) => {
      for (const value of [undefined, { toJSON: () => undefined }, null]) {
        told.splice(0);
        await until('it is heard', async () => {
          await ctx.progress(value as unknown as object);
          return told.length > 0;
        });
        expect(new Set(told)).toEqual(new Set([null]));
      }
    });
    await (await jobs.enqueue('odd', undefined, { retry: 0 })).finished(WAIT);
  });

  it('what a handler does not await ends no process when it fails; what it awaits throws the error', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    closers.push(() => process.off('unhandledRejection', note));
    const codes: unknown[] = [];
    const noteCode = (error: unknown) => void codes.push((error as { code?: string }).code);
    jobs.register({ name: 'not.awaited', retry: 0 }, async (_, ctx) => {
      void ctx.progress(Number.NaN);
      void ctx.step('fails', () => Promise.reject(new Error('no')));
      await ctx.progress(Number.NaN).catch(noteCode);
      await turns();
      await jobs.cancel(ctx.id, 'enough');
      void ctx.progress(1);
      void ctx.step('late', () => 1);
      await ctx.progress(2).catch(noteCode);
      await ctx.step('later', () => 1).catch(noteCode);
    });

    const handle = await jobs.enqueue('not.awaited', undefined);
    await expect(handle.finished(WAIT)).rejects.toMatchObject({ code: 'JOB_CANCELLED' });
    expect(codes).toEqual(['RESULT_INVALID', 'JOB_CANCELLED', 'JOB_CANCELLED']);
    await turns();
    expect(unhandled).toEqual([]);
    const { steps } = (await app.get(JobHistory).getExecution(handle.id))!;
    expect(steps).toMatchObject([{ name: 'fails', error: { message: 'no' } }]);
  });
});
