import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  EnqueueIncompleteError,
  Job,
  JobHistory,
  JobSchedulerModule,
  JobService,
  type JobSchedulerOptions,
} from 'nestjs-job-scheduler';
import { figure } from '../support/figure.js';
import { gate } from '../support/gate.js';
import { WAIT } from '../support/machine.js';
import { randomPrefix } from '../support/prefix.js';
import { startRedis } from '../support/servers.mjs';
import { sharedStores } from '../support/stores.js';
import { until } from '../support/until.js';

Logger.overrideLogger(false);

const RUNNING = 20;
const text = 'x'.repeat(1_000);

let ran = 0;
let goOn = gate();

@Injectable()
class Work {
  /** Goes on until it is let go. */
  @Job({ name: 'long', queue: 'busy', retry: 0, timeout: '1h' })
  async long(): Promise<void> {
    ran += 1;
    await goOn.opened;
  }

  @Job({ name: 'many', queue: 'full' })
  async many(_payload: { text: string; n: number }): Promise<void> {}
}

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  goOn.open();
  for (const close of closers.splice(0).toReversed()) await close();
  ran = 0;
  goOn = gate();
});

async function startApp(options: JobSchedulerOptions): Promise<INestApplicationContext> {
  @Module({
    imports: [JobSchedulerModule.forRoot({ prefix: randomPrefix(), concurrency: RUNNING, ...options })],
    providers: [Work],
  })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
  closers.push(() => app.close());
  return app;
}

const queues = { busy: 1, full: 1 };
const entriesOf = (length: number) =>
  Array.from({ length }, (_, n) => ({ job: 'many' as const, payload: { text, n } }));

/** One of its own, so that what is stored goes with it. */
async function ownRedis() {
  const redis = await startRedis();
  closers.push(() => redis.stop());
  return redis;
}

const stores: [name: string, many: number, url?: string][] = [
  ['Redis', 100_000],
  // Five times as slow, and no other way through our code.
  ...sharedStores.slice(1).map(([name, url]): [string, number, string] => [name, 20_000, url]),
  ['memory', 100_000, 'memory:'],
];

describe.each(stores)('on %s, %d entries of 1 kB', (name, many, url) => {
  it('are all stored by one call, while 20 jobs run and keep their locks', async () => {
    const connection = url ?? (await ownRedis()).url;
    const app = await startApp({ connection, queues });
    const jobs = app.get(JobService);
    await jobs.pauseQueue('full');
    const handles = await jobs.enqueueMany(Array.from({ length: RUNNING }, () => ({ job: 'long' as const })));
    await until('all slots are taken', () => ran === RUNNING);
    const entries = entriesOf(many);

    const delay = monitorEventLoopDelay({ resolution: 10 });
    delay.enable();
    const startedAt = performance.now();
    const stored = await jobs.enqueueMany(entries);
    const took = performance.now() - startedAt;
    // A block is seen when it is over.
    await new Promise((resolve) => setTimeout(resolve, 20));
    delay.disable();
    figure(
      `enqueueMany of ${many} × 1 kB on ${name}: ${Math.round(took)} ms, longest block of the loop ${Math.round(delay.max / 1e6)} ms`,
    );

    expect(new Set(stored.map(({ id }) => id)).size).toBe(many);
    expect((await jobs.getQueue('full')).counts.pending).toBe(many);
    goOn.open();
    for (const handle of handles) await handle.finished(WAIT);
    expect(ran).toBe(RUNNING);
    const executions = await app.get(JobHistory).getExecutions('long', { limit: RUNNING });
    expect(executions.map(({ attempts, status }) => [attempts.length, status])).toEqual(
      Array.from({ length: RUNNING }, () => [1, 'completed']),
    );
  });
});

describe('a batch that the store breaks off', () => {
  it('says how many entries are stored, and which are to be sent again', async () => {
    const redis = await ownRedis();
    const jobs = (await startApp({ connection: redis.url, queues, role: 'producer' })).get(JobService);
    const entries = entriesOf(30_000);
    const pending = async () => (await jobs.getQueue('full')).counts.pending;
    const adding = jobs.enqueueMany(entries).catch((error: unknown) => error);
    await until('some portions are stored', async () => (await pending()) >= 2_000, { every: 1 });
    process.kill(redis.pid, 'SIGSTOP');
    const error = await adding.finally(() => process.kill(redis.pid, 'SIGCONT'));

    expect(error).toBeInstanceOf(EnqueueIncompleteError);
    const { cause, details, unsent } = error as EnqueueIncompleteError;
    expect(cause).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(details.total).toBe(entries.length);
    expect(details.stored + details.unknown + details.unsent).toBe(entries.length);
    expect(details.stored).toBeGreaterThanOrEqual(2_000);
    expect(details.unknown).toBe(250);
    expect(unsent).toHaveLength(details.unsent);
    // What was sent may arrive now.
    await jobs.enqueueMany(unsent.map((position) => entries[position]!));
    const now = await pending();
    expect(now).toBeGreaterThanOrEqual(entries.length - details.unknown);
    expect(now).toBeLessThanOrEqual(entries.length);
  });
});
