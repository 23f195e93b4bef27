/** What goes on in the background belongs to no request, whichever call has begun it. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JobSchedulerModule, JobService } from 'nestjs-job-scheduler';
import { WAIT } from '../support/machine.js';
import { randomPrefix } from '../support/prefix.js';
import { everyStore, storesOfSuite } from '../support/stores.js';

Logger.overrideLogger(false);

const request = new AsyncLocalStorage<string>();
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const stores = storesOfSuite(everyStore);

describe.each(stores)('on %s', (_name, connection) => {
  it('jobs do not run in the request that started the workers, or enqueued or waited first', async () => {
    @Module({ imports: [JobSchedulerModule.forRoot({ connection, prefix: randomPrefix(), autoStart: false })] })
    class App {}
    const app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
    closers.push(() => app.close());
    const jobs = app.get(JobService);
    const seen: unknown[] = [];
    jobs.register({ name: 'look' }, async () => {
      seen.push(request.getStore());
      return request.getStore() ?? 'none';
    });
    jobs.register({ name: 'retried', retry: { max: 1, delay: 1 } }, async (_, ctx) => {
      seen.push(request.getStore());
      if (ctx.attempt === 1) throw new Error('again');
    });

    await request.run('start', () => jobs.start());
    await request.run('first', async () => (await jobs.enqueue('look', undefined)).finished(WAIT));
    await request.run('second', async () => (await jobs.enqueue('retried', undefined)).finished(WAIT));
    const handles = await request.run('many', () =>
      jobs.enqueueMany(Array.from({ length: 20 }, () => ({ job: 'look' as const }))),
    );
    for (const handle of handles) expect(await handle.finished(WAIT)).toBe('none');
    await request.run('in', async () => (await jobs.enqueueIn('look', undefined, 1)).finished(WAIT));
    expect(seen).toHaveLength(24);
    expect(new Set(seen)).toEqual(new Set([undefined]));
  });
});
