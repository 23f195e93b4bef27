import { describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { SystemClock } from '#src/common/clock.js';
import { openStore } from '#src/store/open-store.js';
import { jsonArray } from '#src/store/postgres/sql-names.js';
import { describeStore } from './conformance.js';
import { rowsLeft } from './left.js';

const url = process.env.TEST_POSTGRES_URL;
const clock = new SystemClock();

describe('with a PostgreSQL server', () => {
  if (!url) {
    test.todo('is left out: PostgreSQL is not installed here');
    return;
  }
  describeStore('PostgreSQL', {
    kind: 'postgres',
    ordered: false,
    open: (prefix) => openStore({ connection: url, prefix, clock }),
    corrupt: (prefix, id) => corruptRow(url, prefix, 'njs_execution SET head', id),
    corruptSchedule: (prefix, id) => corruptRow(url, prefix, 'njs_schedule SET record', id),
    async left(prefix, job, scheduleId) {
      const client = new Client(url);
      await client.connect();
      const left = await rowsLeft(client, prefix, job, scheduleId);
      await client.end();
      return left;
    },
  });
});

(url ? describe : describe.skip)('the driver', () => {
  test('an array of JSON texts comes as it was, whatever stands in them', async () => {
    const values = [
      '',
      '"',
      '\\',
      '\\"',
      "'",
      '{,}',
      'NULL',
      'a\nb\t\r\0\u0001',
      '\u2028é😀\ud83d',
      { a: [null, '\\\\n'] },
      null,
      1,
    ];
    const texts = [...values.map((value) => JSON.stringify(value)), null];
    const client = new Client(url);
    await client.connect();
    const { rows } = await client.query<{ texts: unknown }>('SELECT $1::text[] AS texts', [jsonArray(texts)]);
    await client.end();
    expect(rows).toEqual([{ texts }]);
  });
});

async function corruptRow(connectionString: string, prefix: string, column: string, id: string): Promise<void> {
  const client = new Client(connectionString);
  await client.connect();
  await client.query(`UPDATE "${prefix}".${column} = '{"cut off' WHERE id = $1`, [id]);
  await client.end();
}
