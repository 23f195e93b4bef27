import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import type { Outcome } from '#src/execution/outcome/outcome.js';
import { encodeJobId } from '#src/store/names.js';
import type { Store } from '#src/store/ports/ports.js';
import { gate } from '../support/gate.js';
import { findPostgres, startPostgres, startRedis } from '../support/servers.mjs';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { enqueue, enqueueMany, makePool, openTestStore, queueOf, queues } from './pool-kit.js';
import { failedOf, retryOf, ScriptRunner } from './script-runner.js';
import { scaled } from '../support/machine.js';

async function stateOf(store: Store, id: string): Promise<string> {
  return (await queueOf(store, 'q').getJob(encodeJobId(id, 'q')))?.getState() ?? 'gone';
}

/** What a job's end must be in the queue afterwards. */
const ends: [string, (started: Parameters<typeof failedOf>[0]) => Outcome | undefined, string][] = [
  ['completed', () => undefined, 'gone'],
  ['failed', (started) => failedOf(started), 'failed'],
  ['retried', (started) => retryOf(started, 3_600_000), 'delayed'],
];

describe('a Redis that refuses writes when a job ends', () => {
  let server: Awaited<ReturnType<typeof startRedis>>;
  let admin: Redis;
  beforeAll(async () => {
    server = await startRedis();
    admin = new Redis(server.url);
    admin.on('error', () => undefined);
  });
  afterAll(async () => {
    admin.disconnect();
    await server.stop();
  });

  const faults: [string, () => Promise<unknown>, () => Promise<unknown>][] = [
    [
      'NOREPLICAS',
      () => admin.config('SET', 'min-replicas-to-write', '1'),
      () => admin.config('SET', 'min-replicas-to-write', '0'),
    ],
    ['READONLY', () => admin.replicaof('127.0.0.1', 1), () => admin.replicaof('NO', 'ONE')],
  ];
  const cases = faults.flatMap(([code, begin, end]) =>
    ends.map(([name, outcome, state]) => ({ code, begin, end, name, outcome, state })),
  );

  it.each(cases)('$code: the job is $name, once', async ({ code, begin, end, name, outcome, state }) => {
    const store = await openTestStore(server.url);
    const { opened, open } = gate();
    const runner = new ScriptRunner(async ({ started }) => {
      await opened;
      return outcome(started);
    });
    const { pool, errors } = makePool(store, runner, queues({ q: 1 }));
    await pool.start();
    const id = await enqueue(store, 'q');
    await until('it runs', () => runner.now === 1);
    await begin();
    open();
    await until('the store has refused its end', () => errors.some(({ message }) => message.startsWith(code)));
    expect(await stateOf(store, id)).toBe('active');
    await end();
    await until(`it is ${name}`, async () => (await stateOf(store, id)) === state);
    await until('the pool is empty', () => pool.running().length === 0);
    expect(runner.starts).toHaveLength(1);
    const record = await store.executions.load(id);
    expect(record?.final).toBe(name === 'retried' ? undefined : name);
    expect(record?.attempts).toHaveLength(1);
    // One may still ask for the next job.
    await until('no slot is in use', () => pool.statistics().busy === 0);
  });
});

const describePostgres = findPostgres() ? describe : describe.skip;

describePostgres('PostgreSQL backends that are killed when a job ends', () => {
  let server: NonNullable<Awaited<ReturnType<typeof startPostgres>>>;
  beforeAll(async () => {
    server = (await startPostgres())!;
  });
  afterAll(() => server?.stop());

  async function killAll(): Promise<void> {
    const client = new Client({ connectionString: server.url });
    await client.connect();
    await client.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()',
    );
    await client.end();
  }

  it.each(ends)('the job is %s, once', async (name, outcome, state) => {
    const store = await openTestStore(server.url);
    const runner = new ScriptRunner(async ({ started }) => {
      await killAll();
      return outcome(started);
    });
    const { pool } = makePool(store, runner, queues({ q: 1 }));
    await pool.start();
    const id = await enqueue(store, 'q');
    await until(`it is ${name}`, async () => (await stateOf(store, id)) === state);
    await until('the pool is empty', () => pool.running().length === 0);
    expect(runner.starts).toHaveLength(1);
    expect((await store.executions.load(id))?.final).toBe(name === 'retried' ? undefined : name);
  });

  it('keeps the lock while its end cannot be told', async () => {
    const prefix = randomPrefix();
    const store = await openTestStore(server.url, prefix);
    const { opened, open } = gate();
    const runner = new ScriptRunner(() => opened);
    // Short enough to run out several times while the outcome waits.
    const lockDuration = scaled(1_500);
    const { pool, errors } = makePool(store, runner, queues({ q: 1 }), { lockDuration });
    await pool.start();
    const id = await enqueue(store, 'q');
    await until('it runs', () => runner.now === 1);

    const client = new Client({ connectionString: server.url });
    await client.connect();
    const { rows } = await client.query(
      `SELECT table_schema AS schema FROM information_schema.tables WHERE table_name = 'job' AND table_schema LIKE '%${prefix}%'`,
    );
    const table = `"${(rows[0] as { schema: string }).schema}".job`;
    // As a full disk does.
    await client.query(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not now' USING ERRCODE = '53100'; END $$`,
    );
    await client.query(
      `CREATE TRIGGER refuse BEFORE UPDATE ON ${table} FOR EACH ROW WHEN (NEW.state = 'completed') EXECUTE FUNCTION refuse()`,
    );
    open();
    await until('its end was refused', () => errors.some(({ message }) => message === 'not now'));
    const lockedFor = async () => {
      const { rows: jobs } = await client.query(`SELECT locked_until_ms FROM ${table}`);
      return Number((jobs[0] as { locked_until_ms: string }).locked_until_ms) - Date.now();
    };
    const since = Date.now();
    let least = Infinity;
    await until('the lock would have run out thrice', async () => {
      least = Math.min(least, await lockedFor());
      return Date.now() - since > 3 * lockDuration;
    });
    expect(least).toBeGreaterThan(0);
    await client.query(`DROP TRIGGER refuse ON ${table}`);
    await client.end();
    await until('it is completed', async () => (await stateOf(store, id)) === 'gone');
    expect(runner.starts).toHaveLength(1);
  });

  it('kills while many jobs run change no outcome', async () => {
    const store = await openTestStore(server.url);
    const runner = new ScriptRunner(() => undefined);
    const { pool } = makePool(store, runner, queues({ q: 1 }), { lockDuration: scaled(5_000) });
    await enqueueMany(store, 'q', 300);
    await pool.start();
    for (const share of [50, 120, 200]) {
      await until(`${share} have run`, () => runner.starts.length >= share);
      await killAll();
    }
    await until('all are completed', async () => (await store.executions.counts(['q']))['q']?.completed === 300);
    expect(runner.outcomes.every(({ outcome }) => outcome.kind === 'completed')).toBe(true);
    expect(runner.mostOfOneId).toBe(1);
  });
});

describe('a store that goes away and comes back', () => {
  it('Redis started again on its port: the pool goes on by itself', async () => {
    let server = await startRedis();
    try {
      const store = await openTestStore(server.url);
      const runner = new ScriptRunner(() => undefined);
      const { pool } = makePool(store, runner, queues({ q: 1, other: 1 }));
      await pool.start();
      await enqueue(store, 'q');
      await until('it has run', () => runner.outcomes.length === 1);
      await server.stop();
      server = await startRedis({ port: server.port });
      await until('a job is taken', async () => {
        await enqueue(store, 'q');
        return true;
      });
      await until('it has run', () => runner.outcomes.length >= 2);
      expect(pool.statistics().alive).toBe(true);
    } finally {
      await server.stop();
    }
  });

  it('stops in time while Redis is away', async () => {
    const server = await startRedis();
    const store = await openTestStore(server.url);
    const { opened, open } = gate();
    const runner = new ScriptRunner(() => opened);
    const { pool } = makePool(store, runner, queues({ q: 1, other: 1 }));
    await pool.start();
    await enqueue(store, 'q');
    await until('it runs', () => runner.now === 1);
    await server.stop();
    const began = Date.now();
    await pool.stop(200);
    expect(Date.now() - began).toBeLessThan(scaled(32_000));
    open();
  });
});
