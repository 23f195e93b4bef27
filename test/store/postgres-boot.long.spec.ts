/** Boot on PostgreSQL as companies run it: roles with few rights, other isolations, connections that are killed. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Worker } from 'bullmq';
import type { WorkerOptions } from 'bullmq';
import { Client, Pool } from 'pg';
import { SystemClock } from '#src/common/clock.js';
import type { Connection } from '#src/options/connection.js';
import { openStore } from '#src/store/open-store.js';
import type { Store } from '#src/store/ports/ports.js';
import { skewText, StoreTime } from '#src/store/store-time.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { refusal } from './refusal.js';

const url = process.env.TEST_POSTGRES_URL;

/** BullMQ's lock for migrations. */
const BULL_LOCK = 0x42554c4c;

/** Each pause between two tries takes a minute: boot tries no longer than it must. It waits for answers as ever. */
class HastyClock extends SystemClock {
  private ahead = 0;
  override now(): number {
    return super.now() + this.ahead;
  }
  override sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms >= 1_000) return super.sleep(ms, signal);
    this.ahead += 60_000;
    return super.sleep(1);
  }
}

describe('with a PostgreSQL server', () => {
  if (!url) {
    test.todo('is left out: PostgreSQL is not installed here');
    return;
  }
  const admin = new Client(url);
  const cleanUps: (() => unknown)[] = [];
  beforeAll(() => admin.connect());
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
  });
  afterAll(() => admin.end());

  async function open(connection: Connection, prefix: string, clock = new SystemClock()): Promise<Store> {
    const store = await openStore({ connection, prefix, clock });
    cleanUps.push(() => store.close());
    return store;
  }
  /** A role of this name in the test's database, with settings of its own. */
  async function role(name: string, settings = ''): Promise<string> {
    await admin.query(`CREATE ROLE "${name}" LOGIN; ${settings}`);
    return Object.assign(new URL(url!), { username: name }).href;
  }
  async function runOneJob(store: Store): Promise<string[]> {
    const queue = store.queues.queue('default');
    cleanUps.push(() => queue.close());
    const ran: string[] = [];
    const options = store.queues.workerOptions('default') as WorkerOptions;
    const worker = new Worker('default', async (job) => ran.push(job.name), options, store.queues.backend as never);
    worker.on('error', () => undefined);
    cleanUps.push(() => worker.close());
    await queue.add('x', {}, { jobId: 'x-1' });
    await until('the job ran', () => ran.length === 1);
    return ran;
  }
  /** The SQL of a message: each statement ends with a semicolon. */
  const statements = (message: string, begin: RegExp) =>
    message.match(/[A-Z]{4,} [^;]*;/g)!.filter((each) => begin.test(each));

  /** Kills who waits for the right to migrate, `times` times or for as long as the boot goes on. */
  async function killMigrations(prefix: string, times: number, isOver: () => boolean): Promise<void> {
    await admin.query('SELECT pg_advisory_lock($1::int, hashtext($2))', [BULL_LOCK, prefix]);
    for (let killed = 0; killed < times && !isOver();) {
      const { rowCount } = await admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_locks
         WHERE locktype = 'advisory' AND NOT granted AND classid = $1 AND objid = hashtext($2)::oid`,
        [BULL_LOCK, prefix],
      );
      killed += rowCount ?? 0;
    }
    await admin.query('SELECT pg_advisory_unlock_all()');
  }

  test('a connection that is killed in the middle of a migration: boot tries again', async () => {
    const prefix = randomPrefix();
    const opening = open(url, prefix);
    await Promise.all([killMigrations(prefix, 2, () => false), opening]);
    await expect((await opening).ping()).resolves.toBeUndefined();
  });

  test('connections that are killed again and again: an error with the address', async () => {
    const prefix = randomPrefix();
    let isOver = false;
    const refused = refusal(open(url, prefix, new HastyClock())).finally(() => (isOver = true));
    const [{ error }] = await Promise.all([refused, killMigrations(prefix, Infinity, () => isOver)]);
    expect(error).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      details: { address: expect.stringMatching(/^postgres:/) },
    });
  });

  test.each(['repeatable read', 'serializable'])('five boots at once by a role whose default is %s', async (level) => {
    const prefix = randomPrefix();
    const name = `r${prefix}`;
    const by = await role(
      name,
      `ALTER ROLE "${name}" SET default_transaction_isolation = '${level}';
       CREATE SCHEMA "${prefix}" AUTHORIZATION "${name}"`,
    );
    const pool = new Pool({ connectionString: by, max: 6 });
    cleanUps.push(() => pool.end());
    const stores = await Promise.all([by, by, by, pool, pool].map((connection) => open(connection, prefix)));
    for (const store of [stores[0]!, stores[4]!]) {
      const queue = store.queues.queue('busy');
      cleanUps.push(() => queue.close());
      const locks = store.locks;
      await Promise.all(
        Array.from({ length: 40 }, async (_, index) => {
          await queue.add('x', {}, { jobId: `${store === stores[0] ? 'u' : 'p'}-${index}` });
          await locks.acquire('one', `h${index}`, { ttl: 60_000, line: 0 });
        }),
      );
    }
    expect(await runOneJob(stores[3]!)).toEqual(['x']);
  });

  test('a role that may not make schemas, with an empty one of its own', async () => {
    const prefix = randomPrefix();
    const by = await role(prefix, `CREATE SCHEMA "${prefix}" AUTHORIZATION "${prefix}"`);
    expect(await runOneJob(await open(by, prefix))).toEqual(['x']);
  });

  test('a role that may make nothing: an error with what gives it the right, which does', async () => {
    const prefix = randomPrefix();
    const by = await role(prefix);
    const { error } = await refusal(open(by, prefix));
    expect(error).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      details: { address: expect.stringMatching(/^postgres:/) },
    });
    expect(error.message).toContain('permission denied for database');
    const ways = statements(error.message, /^(?:GRANT|CREATE)/);
    expect(ways).toEqual([
      `CREATE SCHEMA "${prefix}" AUTHORIZATION "${prefix}";`,
      expect.stringMatching(/^GRANT CREATE ON DATABASE/),
    ]);
    await admin.query(ways[0]!);
    await (await open(by, prefix)).ping();
  });

  test('one role migrates, another runs: without rights an error with the GRANTs, with them it works', async () => {
    const prefix = randomPrefix();
    await open(url, prefix);
    const by = await role(`r${prefix}`);
    const none = await refusal(open(by, prefix));
    expect(none.error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    const grants = statements(none.error.message, /^GRANT/);
    expect(grants).toHaveLength(4);

    await admin.query(`GRANT USAGE ON SCHEMA "${prefix}" TO "r${prefix}";
      GRANT SELECT ON "${prefix}".migration, "${prefix}".njs_migration TO "r${prefix}"`);
    const some = await refusal(open(by, prefix));
    expect(some.error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(some.error.message).toMatch(/lacks rights to \w+, \w+, \w+ and others/);
    expect(statements(some.error.message, /^GRANT/)).toEqual(grants);

    await admin.query(grants.join(' '));
    expect(await runOneJob(await open(by, prefix))).toEqual(['x']);
  });

  test('a role that may only read: an error that says so', async () => {
    const prefix = randomPrefix();
    const by = await role(prefix, `ALTER ROLE "${prefix}" SET default_transaction_read_only = on`);
    const { error } = await refusal(open(by, prefix, new HastyClock()));
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(error.message).toMatch(/is read-only.*primary/);
  });

  test.each([
    [90_000, '90 s ahead of'],
    [-90_000, '90 s behind'],
  ])('a clock that is %i ms away from that of the database is warned of, with the difference', async (ms, told) => {
    const store = await open(url, randomPrefix());
    const warnings: string[] = [];
    class OtherClock extends SystemClock {
      override now(): number {
        return super.now() + ms;
      }
    }
    const warn = (ahead: number) => void warnings.push(skewText(ahead));
    await new StoreTime(() => store.now(), new OtherClock(), warn).measure();
    expect(warnings.join('\n').replace(/[89]\d s/, '90 s')).toContain(told);
  });

  test('max in the URL is the size of the pool', async () => {
    const prefix = randomPrefix();
    const store = await open(`${url}?max=3&application_name=${prefix}`, prefix);
    await Promise.all(Array.from({ length: 20 }, () => store.ping()));
    const { rows } = await admin.query(
      'SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = $1',
      [prefix],
    );
    // Those that work, and the one that listens.
    expect(rows[0].count).toBeLessThanOrEqual(4);
  });

  async function inEncoding(encoding: string): Promise<Store> {
    const database = `d${randomPrefix()}`;
    await admin.query(`CREATE DATABASE "${database}" ENCODING '${encoding}' LOCALE 'C' TEMPLATE template0`);
    cleanUps.push(() => admin.query(`DROP DATABASE "${database}" WITH (FORCE)`));
    return open(Object.assign(new URL(url!), { pathname: `/${database}` }).href, randomPrefix());
  }

  test('a database with the encoding LATIN1: an error with the way to make another', async () => {
    const { error } = await refusal(inEncoding('LATIN1'));
    expect(error).toMatchObject({ code: 'STORE_UNSUPPORTED' });
    expect(error.message).toMatch(/LATIN1.*CREATE DATABASE jobs ENCODING 'UTF8'/);
  });

  test('a database with the encoding SQL_ASCII works', async () => {
    expect(await runOneJob(await inEncoding('SQL_ASCII'))).toEqual(['x']);
  });
});
