/** Many who wait for ends, over many queues, with few connections. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Client } from 'pg';
import { type JobHandle, JobSchedulerModule, JobService, StoreUnavailableError } from 'nestjs-job-scheduler';
import { scaled, WAIT } from '../support/machine.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { sharedStores } from '../support/stores.js';

Logger.overrideLogger(false);

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const QUEUES = Array.from({ length: 30 }, (_, n) => `queue-${n}`);
const WAITS = 600;

/** On a slow machine the store may be silent for seconds, and the call says so: then the caller waits anew. */
async function resultOf(handle: JobHandle): Promise<unknown> {
  for (;;) {
    try {
      return await handle.finished(WAIT);
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
    }
  }
}

describe.each(sharedStores.slice(1))('on %s', (_name, postgres) => {
  it('600 waits over 30 queues share one listener and the pool, and all end', async () => {
    const name = `waits-${randomPrefix()}`;
    const url = new URL(postgres);
    url.searchParams.set('application_name', name);
    @Module({
      imports: [
        JobSchedulerModule.forRoot({
          connection: url.href,
          prefix: randomPrefix(),
          queues: Object.fromEntries(QUEUES.map((queue) => [queue, 1])),
          lockDuration: scaled(30_000),
        }),
      ],
    })
    class App {}
    const app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
    closers.push(() => app.close());
    const jobs = app.get(JobService);
    for (const queue of QUEUES) jobs.register({ name: queue, queue }, (payload) => payload);
    for (const queue of QUEUES) await jobs.pauseQueue(queue);
    const handles = await jobs.enqueueMany(
      Array.from({ length: WAITS }, (_, n) => ({ job: QUEUES[n % QUEUES.length]!, payload: n })),
    );
    const ends = Promise.allSettled(handles.map(resultOf));
    // Each of them starts twenty jobs.
    for (const queue of QUEUES) await until(`${queue} goes on`, () => jobs.resumeQueue(queue).then(() => true));
    const results = await ends;
    expect(results.filter(({ status }) => status === 'rejected')).toEqual([]);
    expect(results.map((end) => (end as { value: unknown }).value)).toEqual(handles.map((_, n) => n));

    const client = new Client(postgres);
    await client.connect();
    closers.push(() => client.end());
    const { rows } = await client.query<{ count: string }>(
      'SELECT count(*) FROM pg_stat_activity WHERE application_name = $1',
      [name],
    );
    // The pool's ten, and the one that listens.
    expect(Number(rows[0]!.count)).toBeGreaterThanOrEqual(2);
    expect(Number(rows[0]!.count)).toBeLessThanOrEqual(11);
  });
});
