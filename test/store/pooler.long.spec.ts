/** PostgreSQL behind a pooler, which refuses start-up parameters, or keeps no sessions. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JobSchedulerModule, JobService, type JobSchedulerOptions } from 'nestjs-job-scheduler';
import { Client, Pool } from 'pg';
import { clientOf } from '#src/store/postgres/driver/pg-config.js';
import { WAIT } from '../support/machine.js';
import { randomPrefix } from '../support/prefix.js';
import { startPooler, type Mode, type Pooler } from './pooler.js';
import { refusal } from './refusal.js';

Logger.overrideLogger(false);

const url = process.env.TEST_POSTGRES_URL;
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function boot(connection: JobSchedulerOptions['connection']) {
  @Module({ imports: [JobSchedulerModule.forRoot({ connection: connection!, prefix: randomPrefix() })] })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
  closers.push(() => app.close());
  return app;
}

function poolAt(connectionString: string, options: object = {}): Pool {
  const pool = new Pool({ connectionString, ...options });
  closers.push(() => pool.end());
  return pool.on('error', () => undefined);
}

(url ? describe : describe.skip)('behind a pooler', () => {
  let pooler: Pooler;
  const through = (query = '') => Object.assign(new URL(url!), { port: String(pooler.port), search: query }).href;

  async function start(mode: Mode) {
    pooler = await startPooler(Number(new URL(url!).port), mode);
    closers.push(() => pooler.close());
  }

  test('a connection that ends while it is set up fails who asked for it, and not the process', async () => {
    await start('broken');
    const Own = clientOf(Client, 'public');
    await expect(new Own({ connectionString: through() }).connect()).rejects.toThrow('Connection terminated');
    await expect(poolAt(through(), { Client: Own }).query('SELECT 1')).rejects.toThrow('Connection terminated');
  });

  describe('that keeps sessions', () => {
    const role = `r${randomPrefix()}`;
    const asAdmin = async (...statements: string[]) => {
      const admin = new Client(url);
      await admin.connect();
      for (const statement of statements) await admin.query(statement);
      await admin.end();
    };
    beforeAll(() =>
      asAdmin(
        `CREATE ROLE ${role} LOGIN SUPERUSER`,
        `ALTER ROLE ${role} SET default_transaction_isolation = 'serializable'`,
        `ALTER ROLE ${role} SET search_path = nowhere`,
      ),
    );
    // With what the app has made as this role.
    afterAll(() => asAdmin(`DROP OWNED BY ${role} CASCADE`, `DROP ROLE ${role}`));

    test('jobs run by a URL, whatever the role has set, and no start-up options are sent', async () => {
      await start('session');
      const app = await boot(Object.assign(new URL(through()), { username: role }).href);
      const jobs = app.get(JobService);
      jobs.register({ name: 'double', retry: 0 }, (n) => 2 * (n as number));
      const handles = await Promise.all(Array.from({ length: 40 }, (_, n) => jobs.enqueue('double', n)));
      const results = await Promise.all(handles.map((handle) => handle.finished(WAIT)));
      expect(results).toEqual(Array.from({ length: 40 }, (_, n) => 2 * n));
      expect(pooler.parameters.length).toBeGreaterThan(3);
    });

    test('start-up parameters of the app: an error that names the parameter and the way out', async () => {
      await start('session');
      for (const [connection, name] of [
        [through('?options=-c%20work_mem%3D8MB'), 'options'],
        [poolAt(through(), { statement_timeout: 5_000 }), 'statement_timeout'],
      ] as const) {
        const { error } = await refusal(boot(connection));
        expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
        expect(error.message).toContain(`refuses the start-up parameter "${name}": leave it out`);
        expect(error.message).toContain('ignore_startup_parameters');
      }
    });
  });

  test('that keeps none: the boot is refused, with where to connect, and leaves no setting behind', async () => {
    await start('transaction');
    for (const connection of [through(), poolAt(through())]) {
      const { error } = await refusal(boot(connection));
      expect(error).toMatchObject({ code: 'STORE_UNSUPPORTED' });
      expect(error.message).toMatch(
        /a pooler in transaction mode in between\. Connect to the server itself, or .*session/,
      );
    }
    // What is set would stay with a connection that the pooler gives to others.
    expect(pooler.statements).toContainEqual(expect.stringMatching(/^LISTEN /));
    expect(pooler.statements.filter((text) => /\bSET\b|\bset_config\b/i.test(text))).toEqual([]);
  });
});
