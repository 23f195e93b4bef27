/** What is left of a job that has run thousands of times, and keeps a hundred executions. */
import { expect, test } from '@jest/globals';
import { Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { JobHistory, JobSchedulerModule, JobService } from 'nestjs-job-scheduler';
import { Client } from 'pg';
import { openMemory } from '#bullmq-memory/extend';
import { SystemClock } from '#src/common/clock.js';
import { logsOf } from '#src/store/memory/memory-log-store.js';
import { recordsOf } from '#src/store/memory/memory-execution-store.js';
import type { ExecutionWrite } from '#src/store/ports/execution-record.js';
import type { Store } from '#src/store/ports/ports.js';
import { StoreHolder } from '#src/store/store-holder.js';
import { closedAfterEach } from '../support/closed-after-each.js';
import { randomPrefix } from '../support/prefix.js';
import { inSuite } from '../support/suite.js';
import { until } from '../support/until.js';
import { everyStore, storesOfSuite } from '../support/stores.js';

Logger.overrideLogger(false);

const RUNS = inSuite(1_000, 10_000);
const KEPT = 100;

const opened = closedAfterEach<INestApplicationContext>();

/** How much there is of what could grow with the number of runs, and how much else. */
interface Left {
  readonly records: number;
  /** Entries of their logs. */
  readonly logs: number;
  readonly ofRecords: Readonly<Record<string, number>>;
  readonly others: number;
}

const LOOK: Record<string, (prefix: string) => Promise<Left>> = {
  async 'memory:'(prefix) {
    const memory = openMemory(prefix, new SystemClock());
    const { records, ended } = recordsOf(memory);
    const left = {
      records: records.size,
      logs: logsOf(memory).executions.size,
      ofRecords: {
        indexed: ended.ofJob('often')!.size,
        jobs: memory.queue(`${prefix}:default`).size,
      },
      others: 0,
    };
    memory.close();
    return left;
  },

  /** Every key that has the prefix. */
  async Redis(prefix) {
    const redis = new Redis(process.env.TEST_REDIS_URL!);
    const kinds = new Map<string, number>();
    for await (const keys of redis.scanStream({ match: `{${prefix}*`, count: 1_000 })) {
      for (const key of keys as string[]) {
        const name = key.slice(key.indexOf('}') + 2);
        const isJob = /^default:(?:warm-\d+|[0-9a-f-]{36})/.test(name);
        const kind = isJob ? 'job' : name.split(':')[0]!;
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      }
    }
    const count = (kind: string) => {
      const found = kinds.get(kind) ?? 0;
      kinds.delete(kind);
      return found;
    };
    const left = {
      records: count('x'),
      logs: count('l'),
      ofRecords: {
        indexes: count('ended'),
        indexed: await redis.zcard(`{${prefix}}:ended:often:completed`),
        fresh: await redis.llen(`{${prefix}}:fresh`),
        jobs: count('job'),
      },
      others: [...kinds.values()].reduce((a, b) => a + b),
    };
    await redis.quit();
    return left;
  },

  /** Every row in the schema. */
  async PostgreSQL(prefix) {
    const client = new Client(process.env.TEST_POSTGRES_URL);
    await client.connect();
    const { rows: tables } = await client.query<{ name: string }>(
      // BullMQ's events are bounded by itself.
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = $1 AND table_name <> 'event'`,
      [prefix],
    );
    const counts = new Map<string, number>();
    for (const { name } of tables) {
      const { rows } = await client.query<{ n: number }>(`SELECT count(*)::int AS n FROM "${prefix}"."${name}"`);
      counts.set(name, rows[0]!.n);
    }
    await client.end();
    const count = (name: string) => {
      const found = counts.get(name)!;
      counts.delete(name);
      return found;
    };
    return {
      records: count('njs_execution'),
      logs: count('njs_log'),
      ofRecords: {
        attempts: count('njs_attempt'),
        steps: count('njs_step'),
        jobs: count('job'),
      },
      others: [...counts.values()].reduce((a, b) => a + b),
    };
  },
};

/**
 * Runs that are only written, as workers write them: on PostgreSQL, 10,000 real ones take a quarter of a minute.
 * @param first the number of the first one.
 */
async function write(store: Store, first: number, runs: number): Promise<void> {
  const starts = Array.from({ length: runs / 5 }, (_, n) => first + 5 * n);
  const writer = async () => {
    while (starts.length > 0) {
      const start = starts.shift()!;
      await store.executions.write([0, 1, 2, 3, 4].map((n) => toWrite(start + n)));
    }
  };
  await Promise.all(Array.from({ length: 8 }, writer));
}

function toWrite(n: number): ExecutionWrite {
  const at = Date.now();
  return {
    id: `written-${n}`,
    job: 'often',
    queue: 'default',
    fence: 1,
    final: 'completed',
    head: { trigger: 'enqueue', createdAt: at, startedAt: at, completedAt: at, maxAttempts: 1 },
    attempt: { attempt: 1, startedAt: at, finishedAt: at, workerId: 'w' },
    keep: { count: KEPT, age: 604_800_000 },
  };
}

const WRITTEN: Record<string, number> = { PostgreSQL: inSuite(500, 8_000) };

test.each(inSuite(storesOfSuite(everyStore), everyStore))(
  'on %s, a job that runs thousands of times leaves what is kept of it',
  async (name, connection) => {
    const prefix = randomPrefix();
    @Module({ imports: [JobSchedulerModule.forRoot({ connection, prefix })] })
    class App {}
    const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
    opened.push(app);
    const [jobs, history] = [app.get(JobService), app.get(JobHistory)];
    jobs.register({ name: 'often', retention: { count: KEPT, age: '7d' } }, (n, ctx) => {
      // A few have lines, so that those can be left behind, too.
      if ((n as number) % 50 === 0) ctx.log('half a hundred more');
    });
    await jobs.enqueueMany(
      Array.from({ length: KEPT }, (_, payload) => ({ job: 'often', payload, options: { id: `warm-${payload}` } })),
    );
    const total = async () => (await history.getStats('often')).total;
    await until('the first are done', async () => (await total()) === KEPT);
    const before = await LOOK[name]!(prefix);
    expect(before.records).toBe(KEPT);

    const written = WRITTEN[name] ?? 0;
    await write(app.get(StoreHolder, { strict: false }).require('write'), KEPT, written);
    for (let first = KEPT + written; first < RUNS; first += 1_000) {
      const length = Math.min(1_000, RUNS - first);
      await jobs.enqueueMany(Array.from({ length }, (_, n) => ({ job: 'often', payload: first + n })));
    }
    await until('all are done', async () => (await total()) === RUNS, { within: 120_000, every: 100 });
    expect(await history.getStats('often')).toMatchObject({ total: RUNS, completed: RUNS });

    await until('the rest has gone', async () => {
      const left = await LOOK[name]!(prefix);
      expect(left.records).toBe(KEPT);
      expect(left.ofRecords).toEqual(before.ofRecords);
      // Each fiftieth run has some: two or three of a hundred that follow each other, a line and an end each.
      expect(left.logs).toBeLessThanOrEqual(6);
      // Figures, leases, and BullMQ's own.
      expect(left.others).toBeLessThan(before.others + 30);
      return true;
    });
    const kept = await history.find({ job: 'often', limit: 200 });
    expect(kept.items).toHaveLength(KEPT);
    expect(kept.next).toBeUndefined();
  },
);
