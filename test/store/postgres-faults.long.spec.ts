/** PostgreSQL that is not there, goes away and comes back; and pools of users, whose connections are not ours. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { Worker } from 'bullmq';
import type { Job, WorkerOptions } from 'bullmq';
import { Client, Pool } from 'pg';
import { SystemClock } from '#src/common/clock.js';
import type { Connection } from '#src/options/connection.js';
import { openStore } from '#src/store/open-store.js';
import type { Store } from '#src/store/ports/ports.js';
import { randomPrefix } from '../support/prefix.js';
import { freePort } from '../support/servers.mjs';
import { until } from '../support/until.js';
import { describeStore } from './conformance.js';
import { rowsLeft } from './left.js';
import { refusal } from './refusal.js';
import { startTcpProxy } from './tcp-proxy.js';
import { scaled } from '../support/machine.js';

const given = process.env.TEST_POSTGRES_URL;
const clock = new SystemClock();
const cleanUps: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function open(connection: Connection, prefix = randomPrefix()): Promise<Store> {
  const store = await openStore({ connection, prefix, clock });
  cleanUps.push(() => store.close());
  return store;
}

function work(store: Store, queue: string, run: (job: Job) => Promise<unknown>): Worker {
  const worker = new Worker(
    queue,
    run,
    { ...store.queues.workerOptions(queue), runRetryDelay: 100 } as WorkerOptions,
    store.queues.backend as never,
  );
  worker.on('error', () => undefined);
  cleanUps.push(() => worker.close());
  return worker;
}

test('a server that is too old is refused by its version', async () => {
  const query = () => Promise.resolve({ rows: [{ number: '130014', version: '13.14' }] });
  const client = { query, on: () => client, off: () => client, release: () => undefined };
  const pool = {
    query,
    connect: () => Promise.resolve(client),
    on: () => pool,
    off: () => pool,
    options: { host: 'h', port: 1, database: 'd' },
    totalCount: 0,
  };
  const { error } = await refusal(open(pool));
  expect(error).toMatchObject({ code: 'STORE_UNSUPPORTED' });
  expect(error.message).toMatch(/postgres:\/\/h:1\/d is PostgreSQL 13\.14\..*14 or newer/);
});

test('without a server: an error within 10 s that names the address, and no password', async () => {
  const port = await freePort();
  const { error, after } = await refusal(open(`postgres://user:s3cret@127.0.0.1:${port}/db`));
  expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', details: { address: `postgres://127.0.0.1:${port}/db` } });
  expect(error.message).toContain('ECONNREFUSED');
  expect(error.message).not.toContain('s3cret');
  expect(after).toBeLessThan(scaled(40_000));
});

describe('with a PostgreSQL server', () => {
  if (!given) {
    test.todo('is left out: PostgreSQL is not installed here');
    return;
  }
  const url = new URL(given);
  const at = (port: number) => Object.assign(new URL(given), { port: String(port) }).href;
  const proxy = async () => {
    const between = await startTcpProxy(Number(url.port));
    cleanUps.push(() => between.close());
    return between;
  };
  const client = async () => {
    const opened = new Client(given);
    await opened.connect();
    cleanUps.push(() => opened.end());
    return opened;
  };
  const pool = (max: number) => {
    const opened = new Pool({ connectionString: given, max });
    cleanUps.push(() => opened.end());
    return opened;
  };

  test('a network that drops everything: an error within 10 s', async () => {
    const between = await proxy();
    between.freeze();
    for (const connection of [at(between.port), new Pool({ connectionString: at(between.port) })]) {
      const { error, after } = await refusal(open(connection));
      expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect(after).toBeLessThan(scaled(40_000));
    }
  });

  test('a database that is not there: at once', async () => {
    const { error, after } = await refusal(open(Object.assign(new URL(given), { pathname: '/nowhere' }).href));
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(error.message).toMatch(/refused.*"nowhere"/);
    expect(after).toBeLessThan(scaled(8_000));
  });

  test('the loss is told, producers fail in time, the return is told, lanes go on', async () => {
    const between = await proxy();
    const store = await open(at(between.port));
    const told: [boolean, string?][] = [];
    store.onAvailability((available, error) => told.push([available, error?.message]));
    const queue = store.queues.queue('default');
    cleanUps.push(() => queue.close());
    const ran: string[] = [];
    await work(store, 'default', async (job) => ran.push(job.name)).waitUntilReady();
    await queue.add('before', {});
    await until('it ran', () => ran.length === 1);

    await between.cut();
    await until('the loss is told', () => told.length === 1);
    expect(told[0]![0]).toBe(false);
    const answers = await Promise.all([
      refusal(queue.add('away', {})),
      refusal(queue.getJobCounts()),
      refusal(store.ping()),
      refusal(store.executions.load('x')),
      refusal(store.markers.keep('a', 'b')),
    ]);
    for (const { error, after } of answers) {
      expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', details: { address: store.address } });
      expect(after).toBeLessThan(scaled(20_000));
    }

    await between.restore();
    await until('the return is told', () => told.length === 2);
    expect(told[1]).toEqual([true, undefined]);
    await queue.add('after', {});
    await until('the worker goes on', () => ran.includes('after'));
  });

  test('a server that stops answering: producers fail in time, and closing ends', async () => {
    const between = await proxy();
    const store = await open(at(between.port));
    const queue = store.queues.queue('default');
    cleanUps.push(() => queue.close());
    await queue.waitUntilReady();
    between.freeze();
    const { error, after } = await refusal(queue.add('hangs', {}));
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(after).toBeLessThan(scaled(20_000));
    const closing = performance.now();
    await store.close();
    expect(performance.now() - closing).toBeLessThan(scaled(36_000));
  });

  test('the listening connection is killed: it is rebuilt, and lanes that wait are woken', async () => {
    const store = await open(given);
    const queue = store.queues.queue('default');
    cleanUps.push(() => queue.close());
    const started: number[] = [];
    await work(store, 'default', async () => started.push(Date.now())).waitUntilReady();
    await queue.add('first', {});
    await until('it ran', () => started.length === 1);
    const told: boolean[] = [];
    store.onAvailability((available) => told.push(available));
    const admin = await client();
    const listening = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN bullmq_jobs%' AND pid <> pg_backend_pid()`;
    expect((await admin.query(listening)).rowCount).toBeGreaterThan(0);
    await until('it is rebuilt', () => told.at(-1) === true);
    expect(told).toEqual([false, true]);
    const addedAt = Date.now();
    await queue.add('second', {});
    await until('it ran', () => started.length === 2);
    // By the notification, and not by the look that a worker takes every five seconds.
    expect(started[1]! - addedAt).toBeLessThan(scaled(4_000));
  });

  test('an event whose transaction ends after a later one’s is still told, and none is told twice', async () => {
    const prefix = randomPrefix();
    const store = await open(given, prefix);
    const events = store.queues.events('told');
    cleanUps.push(() => events.close());
    const told: string[] = [];
    events.on('progress', ({ jobId }) => told.push(jobId));
    const [slow, fast] = [await client(), await client()];
    const publish = (by: Client, jobId: string) =>
      by.query(
        `SET search_path TO "${prefix}"; SELECT publish_event('told', 'progress', '{"jobId":"${jobId}","data":1}')`,
      );
    let started = 0;
    await until('the reader has begun', async () => {
      await publish(fast, `start-${++started}`);
      return told.length > 0;
    });
    told.length = 0;
    for (let round = 0; round < 3; round++) {
      await slow.query('BEGIN');
      await publish(slow, `slow-${round}`);
      await publish(fast, `fast-${round}`);
      await until('the later one is told', () => told.includes(`fast-${round}`));
      await slow.query('COMMIT');
      await until('the earlier one is told', () => told.includes(`slow-${round}`));
    }
    const ours = told.filter((jobId) => !jobId.startsWith('start'));
    expect(ours).toEqual(['fast-0', 'slow-0', 'fast-1', 'slow-1', 'fast-2', 'slow-2']);
  });

  test('ten lanes and their queues and events: one connection listens, and the pool is the only other', async () => {
    // A database of its own: other tests use the same server.
    const admin = await client();
    const database = `few_${Date.now()}`;
    await admin.query(`CREATE DATABASE ${database}`);
    cleanUps.push(() => admin.query(`DROP DATABASE ${database} WITH (FORCE)`));
    const store = await open(Object.assign(new URL(given), { pathname: `/${database}` }).href);
    const names = Array.from({ length: 10 }, (_, index) => `q${index}`);
    const ran = new Set<string>();
    for (const name of names) {
      await work(store, name, async () => ran.add(name)).waitUntilReady();
      const events = store.queues.events(name);
      await events.waitUntilReady();
      cleanUps.push(() => events.close());
    }
    for (const name of names) {
      const queue = store.queues.queue(name);
      await queue.add('x', {});
      cleanUps.push(() => queue.close());
    }
    await until('all ran', () => ran.size === names.length);
    const { rows } = await admin.query(
      `SELECT count(*)::int AS all, (count(*) FILTER (WHERE query LIKE 'LISTEN%'))::int AS listening
       FROM pg_stat_activity WHERE application_name = 'nestjs-job-scheduler' AND datname = $1`,
      [database],
    );
    expect(rows[0].listening).toBe(1);
    expect(rows[0].all).toBeLessThanOrEqual(11);
  });

  test('options in the URL stay beside the search path', async () => {
    const store = await open(`${given}?options=${encodeURIComponent('-c statement_timeout=1234')}`);
    const queue = store.queues.queue('default');
    await queue.add('x', {});
    expect(await queue.getWaitingCount()).toBe(1);
    await queue.close();
  });

  test('many processes open a new schema at once: each finds it whole', async () => {
    const prefix = randomPrefix();
    const stores = await Promise.all(Array.from({ length: 4 }, () => open(given, prefix)));
    await Promise.all(stores.map((store) => store.markers.keep('a', 'b')));
    const admin = await client();
    const { rows } = await admin.query(`SELECT version FROM "${prefix}".njs_migration ORDER BY version`);
    expect(rows).toEqual(rows.map((_, index) => ({ version: index + 1 })));
    expect(rows.length).toBeGreaterThan(0);
  });

  test('a role without the right to create anything opens a schema that is there', async () => {
    const prefix = randomPrefix();
    await (await open(given, prefix)).ping();
    const admin = await client();
    const role = `r${prefix}`;
    await admin.query(`CREATE ROLE ${role} LOGIN; GRANT USAGE ON SCHEMA "${prefix}" TO ${role};
      GRANT ALL ON ALL TABLES IN SCHEMA "${prefix}" TO ${role}; GRANT ALL ON ALL SEQUENCES IN SCHEMA "${prefix}" TO ${role}`);
    const store = await open(Object.assign(new URL(given), { username: role }).href, prefix);
    const queue = store.queues.queue('default');
    // With an id, as all jobs of ours: for numbers, BullMQ makes a sequence per queue.
    await queue.add('x', {}, { jobId: 'x-1' });
    await queue.close();
    expect(await store.markers.keep('a', 'b')).toBe('b');
  });

  describe('a pool of the user', () => {
    test('its own tables stay in sight, although BullMQ has some of the same names', async () => {
      const users = pool(2);
      await users.query(`CREATE TABLE IF NOT EXISTS public.job (mine text)`);
      await users.query(`TRUNCATE public.job`);
      await users.query(`INSERT INTO public.job VALUES ('mine')`);
      const store = await open(users);
      const queue = store.queues.queue('default');
      cleanUps.push(() => queue.close());
      const ran: string[] = [];
      work(store, 'default', async (job) => ran.push(job.name));
      for (let n = 0; n < 5; n++) {
        await queue.add('x', {});
        const seen = await Promise.all(Array.from({ length: 4 }, () => users.query('SELECT * FROM job')));
        for (const { rows } of seen) expect(rows).toEqual([{ mine: 'mine' }]);
      }
      await until('all ran', () => ran.length === 5);
    });

    test('of two connections is enough for ten lanes', async () => {
      const store = await open(pool(2));
      const ran = new Set<string>();
      const names = Array.from({ length: 10 }, (_, index) => `q${index}`);
      for (const name of names) work(store, name, async () => ran.add(name));
      for (const name of names) {
        const queue = store.queues.queue(name);
        await queue.add('x', {});
        cleanUps.push(() => queue.close());
      }
      await until('all ran', () => ran.size === names.length);
      expect(ran).toEqual(new Set(names));
    });

    test('of one connection is refused', async () => {
      const { error } = await refusal(open(pool(1)));
      expect(error).toMatchObject({ code: 'STORE_UNSUPPORTED' });
      expect(error.message).toMatch(/max 1.*at least 2/);
    });

    test('stays open, and free of listeners of ours', async () => {
      const users = pool(3);
      const before = users.listenerCount('error');
      const store = await openStore({ connection: users, prefix: randomPrefix(), clock });
      await store.close();
      expect((await users.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
      expect(users.listenerCount('error')).toBe(before);
      expect(users.totalCount - users.idleCount).toBe(0);
    });
  });

  let shared: Pool | undefined;
  describeStore('PostgreSQL, by a pool of the user,', {
    kind: 'postgres',
    ordered: false,
    open: (prefix) => {
      shared ??= new Pool({ connectionString: given, max: 6 });
      return openStore({ connection: shared, prefix, clock });
    },
    async corrupt(prefix, id) {
      await shared!.query(`UPDATE "${prefix}".njs_execution SET head = 'null' WHERE id = $1`, [id]);
    },
    async corruptSchedule(prefix, id) {
      await shared!.query(`UPDATE "${prefix}".njs_schedule SET record = 'null' WHERE id = $1`, [id]);
    },
    left: (prefix, job, scheduleId) => rowsLeft(shared!, prefix, job, scheduleId),
    release: () => shared!.end(),
  });
});
