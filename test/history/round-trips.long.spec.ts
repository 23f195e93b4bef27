/** What reading the history costs, however much of it there is: 200 jobs with 1,000 executions each. */
import { afterAll, afterEach, describe, expect, jest, test } from '@jest/globals';
import { Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { JobHistory, JobMonitor, JobSchedulerModule, JobService } from 'nestjs-job-scheduler';
import { Client } from 'pg';
import type { ExecutionWrite } from '#src/store/ports/execution-record.js';
import type { Store } from '#src/store/ports/ports.js';
import { StoreHolder } from '#src/store/store-holder.js';
import { randomPrefix } from '../support/prefix.js';
import { sharedStores } from '../support/stores.js';
import { figure } from '../support/figure.js';

Logger.overrideLogger(false);

const JOBS = 200;
const EXECUTIONS = 1_000;
const BATCH = 2_000;
const DAY = 86_400_000;

const printed: string[] = [];
afterAll(() => figure(printed.join('\n')));

const opened: INestApplicationContext[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(opened.splice(0).map((app) => app.close()));
});

const nameOf = (job: number) => `job-${job}`;
const idOf = (job: number, n: number) => `${nameOf(job)}:${n}`;

function write(job: number, n: number, start: number): ExecutionWrite {
  const at = start + n;
  return {
    id: idOf(job, n),
    job: nameOf(job),
    queue: 'default',
    fence: 1,
    final: n % 10 === 0 ? 'failed' : 'completed',
    head: { trigger: 'enqueue', createdAt: at - 9, startedAt: at - (n % 8), completedAt: at, maxAttempts: 1 },
    attempt: { attempt: 1, startedAt: at - (n % 8), finishedAt: at, workerId: 'w' },
    keep: { count: EXECUTIONS, age: DAY },
  };
}

async function fill(store: Store, jobs: number, executions: number, start: number): Promise<void> {
  let batch: ExecutionWrite[] = [];
  for (let job = 0; job < jobs; job++) {
    for (let n = 0; n < executions; n++) {
      batch.push(write(job, n, start));
      if (batch.length === BATCH) {
        await store.executions.write(batch);
        batch = [];
      }
    }
  }
  await store.executions.write(batch);
}

/** Makes the ten executions of each job that are there a hundred times as many. */
const GROW: Record<string, (store: Store, prefix: string, start: number) => Promise<void>> = {
  Redis: (store, _, start) => fill(store, JOBS, EXECUTIONS, start),
  // The store's own writes would take a quarter of a minute.
  async PostgreSQL(_, prefix) {
    const client = new Client(process.env.TEST_POSTGRES_URL);
    await client.connect();
    const copies = `generate_series(1, ${EXECUTIONS / 10 - 1}) AS k`;
    await client.query(`
      INSERT INTO "${prefix}".njs_execution (id, job, queue, fence, final, head, ended_at, expires_at)
      SELECT job || ':' || (k * 10 + split_part(id, ':', 2)::int), job, queue, fence, final, head, ended_at + k * 10, expires_at
      FROM "${prefix}".njs_execution, ${copies} ORDER BY k, ended_at;
      INSERT INTO "${prefix}".njs_attempt (execution, fence, record)
      SELECT split_part(execution, ':', 1) || ':' || (k * 10 + split_part(execution, ':', 2)::int), fence, record
      FROM "${prefix}".njs_attempt, ${copies};
      UPDATE "${prefix}".njs_stats SET completed = completed * 100, failed = failed * 100, runs = runs * 100, sum = sum * 100;
      UPDATE "${prefix}".njs_duration SET runs = runs * 100;`);
    await client.end();
  },
};

/** Counts what this process sends to the store. */
const COUNTERS: Record<string, () => { readonly mock: { readonly calls: unknown[][] } }> = {
  Redis: () => jest.spyOn(Redis.prototype, 'sendCommand'),
  PostgreSQL: () => jest.spyOn(Client.prototype, 'query'),
};

describe.each(sharedStores)('on %s', (name, connection) => {
  test('the newest of a job, the stats of all, and one execution take as many round trips as in an empty store', async () => {
    const prefix = randomPrefix();
    @Module({ imports: [JobSchedulerModule.forRoot({ connection, prefix, role: 'producer' })] })
    class App {}
    const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
    opened.push(app);
    const jobs = app.get(JobService);
    for (let job = 0; job < JOBS; job++) jobs.register({ name: nameOf(job) }, () => undefined);
    const store = app.get(StoreHolder, { strict: false }).require('fill it');
    const [history, monitor] = [app.get(JobHistory), app.get(JobMonitor)];
    const newest = (job: number, executions: number) =>
      Array.from({ length: Math.min(20, executions) }, (_, n) => idOf(job, executions - 1 - n));

    const reads: Record<string, (executions: number) => Promise<void>> = {
      'newest 20 of a job': async (executions) => {
        const found = await history.getExecutions(nameOf(7), { limit: 20 });
        expect(found.map(({ id }) => id)).toEqual(newest(7, executions));
      },
      'newest 20 of a job that failed': async (executions) => {
        const found = await history.getExecutions(nameOf(7), { limit: 20, status: 'failed' });
        expect(found.length).toBe(Math.min(20, executions / 10));
      },
      'newest 20 of all jobs': async () => {
        expect((await history.find({ limit: 20 })).items).toHaveLength(20);
      },
      'stats of all jobs': async (executions) => {
        const all = await history.getAllStats();
        expect(all).toHaveLength(JOBS);
        for (const { total, failed, minMs, maxMs } of all)
          expect([total, failed, minMs, maxMs]).toEqual([executions, executions / 10, 0, 7]);
      },
      'one execution': async (executions) => {
        expect(await history.getExecution(idOf(3, executions - 1))).toMatchObject({ job: nameOf(3) });
      },
      'failure rate of a job': async () => {
        expect(await monitor.failureRate(nameOf(7))).toBeCloseTo(0.1);
      },
    };

    async function measure(executions: number): Promise<Record<string, { trips: number; ms: number }>> {
      const measured: Record<string, { trips: number; ms: number }> = {};
      for (const [what, read] of Object.entries(reads)) {
        // The first time, scripts and plans are made.
        await read(executions);
        const counted: { trips: number; ms: number }[] = [];
        for (let time = 0; time < 3; time++) {
          const sent = COUNTERS[name]!();
          const from = performance.now();
          await read(executions);
          counted.push({ trips: sent.mock.calls.length, ms: performance.now() - from });
          jest.restoreAllMocks();
        }
        // What the app sends by itself now and then may come between.
        measured[what] = counted.toSorted((a, b) => a.trips - b.trips || a.ms - b.ms)[0]!;
      }
      return measured;
    }

    const start = Date.now() - DAY / 2;
    await fill(store, JOBS, 10, start);
    const few = await measure(10);
    const from = performance.now();
    await GROW[name]!(store, prefix, start);
    const filled = Math.round(performance.now() - from);
    const many = await measure(EXECUTIONS);
    printed.push(`${name}: ${JOBS} jobs with ${EXECUTIONS} executions each, filled in ${filled} ms. Round trips:`);
    for (const [what, { trips, ms }] of Object.entries(many))
      printed.push(`  ${what}: ${trips} (${few[what]!.trips} with 10 each), ${ms.toFixed(1)} ms`);
    const trips = (of: typeof few) => Object.values(of).map((each) => each.trips);
    expect(trips(many)).toEqual(trips(few));
    expect(trips(many)).toEqual(Object.keys(reads).map(() => 1));
  });
});
