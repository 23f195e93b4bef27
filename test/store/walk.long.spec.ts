/** Whatever is wrong with a store, no error of BullMQ, of a driver or of Nest reaches a caller: each has a code of ours. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { randomPrefix } from '../support/prefix.js';
import { startRedis, type TestServer } from '../support/servers.mjs';
import { until } from '../support/until.js';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.js';
import { documentedCommands, documentedRights } from './redis-rights.js';
import { openWalk, type Walk } from './walk.js';

Logger.overrideLogger(false);

/** Ends that are no rejection by the store: the work was done, or is known not to be. */
const OURS =
  /^(?:ok|STORE_UNAVAILABLE|ENQUEUE_INCOMPLETE|WAIT_TIMEOUT|LOCK_TIMEOUT|JOB_CANCELLED|EXECUTION_NOT_FAILED|EXECUTION_NOT_DELAYED|EXECUTION_UNKNOWN|SCHEDULE_UNKNOWN|SCHEDULE_CONFLICT)$/;

async function expectOurs(walk: Walk, fewestRefused: number): Promise<void> {
  const ends = await walk.take();
  expect(Object.entries(ends).filter(([, end]) => !OURS.test(end))).toEqual([]);
  const refused = Object.values(ends).filter((end) => end === 'STORE_UNAVAILABLE');
  expect(refused.length).toBeGreaterThanOrEqual(fewestRefused);
}

async function expectWell(walk: Walk): Promise<void> {
  await until('the store is back for all', async () => {
    const ends = await walk.take();
    const away = Object.keys(ends).filter((method) => ends[method] === 'STORE_UNAVAILABLE');
    if (away.length > 0) throw new Error(`It is away for ${away.join(', ')}`);
    return true;
  });
}

describe('Redis', () => {
  let server: TestServer;
  let admin: Redis;
  let proxy: TcpProxy;
  let walk: Walk;
  const commands = documentedCommands()
    .map((command) => `+${command}`)
    .join(' ');

  beforeAll(async () => {
    server = await startRedis();
    admin = new Redis(server.url);
    proxy = await startTcpProxy(server.port);
    const prefix = randomPrefix();
    const keys = documentedRights(prefix).replace(/ \+.*/, '');
    const rules = `on >pass -@all ${keys} ${commands}`;
    await admin.call('ACL', 'SETUSER', 'walker', ...rules.split(' '));
    walk = await openWalk(`redis://walker:pass@127.0.0.1:${proxy.port}`, prefix);
  });
  afterAll(async () => {
    await walk.app.close();
    await proxy.close();
    await admin.quit();
    await server.stop();
  });

  const killClients = () => admin.call('CLIENT', 'KILL', 'USER', 'walker');

  test('all is well, with no command but those in the docs', async () => {
    await expectWell(walk);
    const refused = (await admin.call('ACL', 'LOG')) as unknown[];
    // ioredis names its connections, and goes on without.
    expect(refused.map((entry) => JSON.stringify(entry)).filter((entry) => !entry.includes('client|'))).toEqual([]);
  });

  test('it is gone', async () => {
    await proxy.cut();
    await expectOurs(walk, 20);
    await proxy.restore();
    await expectWell(walk);
  });

  test('it is frozen', async () => {
    process.kill(server.pid, 'SIGSTOP');
    await expectOurs(walk, 20);
    process.kill(server.pid, 'SIGCONT');
    await expectWell(walk);
  });

  test('it has become a replica: READONLY', async () => {
    await admin.replicaof('127.0.0.1', '1');
    await expectOurs(walk, 5);
    await admin.replicaof('NO', 'ONE');
    await expectWell(walk);
  });

  test('too few replicas hear of writes: NOREPLICAS', async () => {
    await admin.config('SET', 'min-replicas-to-write', '1');
    await expectOurs(walk, 5);
    await admin.config('SET', 'min-replicas-to-write', '0');
    await expectWell(walk);
  });

  test('its memory is full: OOM', async () => {
    await admin.config('SET', 'maxmemory', '1mb');
    await expectOurs(walk, 5);
    await admin.config('SET', 'maxmemory', '0');
    await expectWell(walk);
  });

  test('the user has lost its rights: NOPERM', async () => {
    await admin.call('ACL', 'SETUSER', 'walker', '-@all');
    await expectOurs(walk, 20);
    await admin.call('ACL', 'SETUSER', 'walker', ...commands.split(' '));
    await expectWell(walk);
  });

  test('the user may not log in any more: WRONGPASS', async () => {
    await admin.call('ACL', 'SETUSER', 'walker', 'off');
    await killClients();
    await expectOurs(walk, 20);
    await admin.call('ACL', 'SETUSER', 'walker', 'on');
    await expectWell(walk);
  });
});

describe('PostgreSQL', () => {
  const url = process.env.TEST_POSTGRES_URL;
  if (!url) {
    test.todo('is left out: PostgreSQL is not installed here');
    return;
  }
  const prefix = randomPrefix();
  const role = `r${prefix}`;
  const admin = new Client(url);
  let proxy: TcpProxy;
  let walk: Walk;

  beforeAll(async () => {
    await admin.connect();
    await admin.query(`CREATE ROLE "${role}" LOGIN; CREATE SCHEMA "${prefix}" AUTHORIZATION "${role}"`);
    proxy = await startTcpProxy(Number(new URL(url).port));
    walk = await openWalk(Object.assign(new URL(url), { port: String(proxy.port), username: role }).href, prefix);
  });
  afterAll(async () => {
    await walk.app.close();
    await proxy.close();
    await admin.end();
  });

  const killClients = () =>
    admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [role]);

  test('all is well', () => expectWell(walk));

  test('it is gone', async () => {
    await proxy.cut();
    await expectOurs(walk, 20);
    await proxy.restore();
    await expectWell(walk);
  });

  test('nothing comes through', async () => {
    proxy.freeze();
    await expectOurs(walk, 20);
    // What has been dropped never comes: the connections end with it.
    await proxy.cut();
    await proxy.restore();
    await expectWell(walk);
  });

  test('connections are killed under way: 57P01', async () => {
    await admin.query(`BEGIN; LOCK TABLE "${prefix}".job, "${prefix}".njs_execution, "${prefix}".njs_schedule`);
    // A call that is asked again may well succeed: none needs to be refused.
    const walking = expectOurs(walk, 0);
    let isOver = false;
    void walking.finally(() => (isOver = true)).catch(() => undefined);
    await until('some wait for the lock, and are killed', async () => {
      const { rowCount } = await admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1 AND wait_event_type = 'Lock'`,
        [role],
      );
      return rowCount! > 3;
    });
    await killClients();
    await admin.query('ROLLBACK');
    await walking;
    expect(isOver).toBe(true);
    await expectWell(walk);
  });

  test('the role has lost its rights: 42501', async () => {
    await admin.query(`ALTER SCHEMA "${prefix}" OWNER TO postgres; REVOKE ALL ON SCHEMA "${prefix}" FROM "${role}"`);
    await expectOurs(walk, 20);
    await admin.query(`ALTER SCHEMA "${prefix}" OWNER TO "${role}"`);
    await expectWell(walk);
  });

  test('transactions are undone again and again: 40001', async () => {
    await admin.query(`
      CREATE FUNCTION "${prefix}".conflict() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'could not serialize access' USING ERRCODE = '40001'; END $$;
      CREATE TRIGGER conflict BEFORE INSERT OR UPDATE OR DELETE ON "${prefix}".job EXECUTE FUNCTION "${prefix}".conflict();
      CREATE TRIGGER conflict BEFORE INSERT OR UPDATE OR DELETE ON "${prefix}".njs_schedule EXECUTE FUNCTION "${prefix}".conflict();
      CREATE TRIGGER conflict BEFORE INSERT OR UPDATE OR DELETE ON "${prefix}".njs_lock_lease EXECUTE FUNCTION "${prefix}".conflict()`);
    await expectOurs(walk, 5);
    await admin.query(`DROP FUNCTION "${prefix}".conflict CASCADE`);
    await expectWell(walk);
  });

  test('the server has become read-only: 25006', async () => {
    await admin.query(`ALTER ROLE "${role}" SET default_transaction_read_only = on`);
    await killClients();
    await expectOurs(walk, 5);
    await admin.query(`ALTER ROLE "${role}" RESET default_transaction_read_only`);
    await killClients();
    await expectWell(walk);
  });
});
