/** An app sets parsers of its own for what PostgreSQL sends: what the library reads stays as it is. */
import { describe, expect, test } from '@jest/globals';
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  JobHistory,
  JobSchedulerModule,
  JobService,
  type JobSchedulerOptions,
  ScheduleService,
} from 'nestjs-job-scheduler';
import { Client, Pool, types } from 'pg';
import { ownTypes } from '#src/store/postgres/driver/own-types.js';
import { randomPrefix } from '../support/prefix.js';

Logger.overrideLogger(false);

const url = process.env.TEST_POSTGRES_URL;
const whereInstalled = url ? describe : describe.skip;

/** Of those that apps set: numbers for int8, plain text for JSON, and worse. */
const OIDS = [16, 20, 21, 23, 25, 114, 701, 1000, 1003, 1007, 1009, 1016, 3802, 3807];

async function see(connection: JobSchedulerOptions['connection']) {
  @Module({ imports: [JobSchedulerModule.forRoot({ connection: connection!, prefix: randomPrefix() })] })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
  try {
    const [jobs, history] = [app.get(JobService), app.get(JobHistory)];
    jobs.register({ name: 'pay', retry: 0 }, async (payload, ctx) => {
      const receipt = await ctx.step('charge', () => ({ list: ['a,b', 'say "x"', null] }));
      ctx.log('charged', { payload: payload as object });
      return { receipt, payload };
    });
    const schedules = app.get(ScheduleService);
    await schedules.create({ job: 'pay', id: 'hourly', every: '1h', payload: { n: 1 } });
    const result = await (await jobs.enqueue('pay', { text: '{"a"}', n: [1] }, { id: 'pay-1' })).finished();
    const { status, payload, steps } = (await history.getExecution('pay-1'))!;
    const { completed, total } = await history.getStats('pay');
    return {
      result,
      status,
      payload,
      completed,
      total,
      steps: steps.map((step) => [step.name, step.result]),
      counts: (await jobs.getQueue('default')).counts,
      schedules: (await schedules.list()).map((each) => [each.id, each.enabled, each.payload, each.version]),
    };
  } finally {
    await app.close();
  }
}

whereInstalled('with a PostgreSQL server', () => {
  test('parsers that the app has set change nothing that is read, by a URL and by its own pool', async () => {
    const before = await see(url);
    expect(before).toMatchObject({ status: 'completed', completed: 1, payload: { n: [1] } });
    for (const oid of OIDS) types.setTypeParser(oid, () => 'the app’s own');
    expect(await see(url)).toEqual(before);
    const pool = new Pool({ connectionString: url });
    expect(await see(pool)).toEqual(before);
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 'the app’s own' }]);
    await pool.end();
  });

  test.each([
    [`'{}'::text[]`, []],
    [
      `ARRAY['a,b', 'say "x"', 'back\\slash', '{}', 'NULL', NULL, '', ' two\nlines ']`,
      ['a,b', 'say "x"', 'back\\slash', '{}', 'NULL', null, '', ' two\nlines '],
    ],
    [`ARRAY['{"a": ["b", 1]}', 'null', NULL]::jsonb[]`, [{ a: ['b', 1] }, null, null]],
    ['ARRAY[1, NULL]::int8[]', ['1', null]],
    ['ARRAY[1, -2]::int4[]', [1, -2]],
    [`'[1]'::json`, [1]],
    ['true', true],
    ['ARRAY[true, false]', [true, false]],
    ['0.5::float8', 0.5],
    ['9007199254740993::int8', '9007199254740993'],
  ])('%s is read as %j', async (sql, value) => {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      const { rows } = await client.query({ text: `SELECT ${sql} AS value`, types: ownTypes });
      expect(rows).toEqual([{ value }]);
    } finally {
      await client.end();
    }
  });
});
