import { PGlite } from '@electric-sql/pglite';
import { SystemClock } from '../../libs/job-scheduler/src/definition/clock.js';
import { openStore } from '../../libs/job-scheduler/src/store/open-store.js';
import type { SqlClient } from '../../libs/job-scheduler/src/store/postgres/sql-driver.js';
import { describeStore } from './conformance.js';
import { usedDirectory } from './data-directory.js';
import { rowsLeft } from './left.js';

const clock = new SystemClock();

describeStore('file:', {
  kind: 'embedded',
  ordered: false,
  async open(prefix) {
    return openStore({ connection: `file:${await usedDirectory()}`, prefix, clock });
  },
  async corrupt(prefix, id, store) {
    // Nobody else can open the directory: by the store's own connection.
    const { client } = store.executions as unknown as { client: SqlClient };
    await client.query(`UPDATE "${prefix}".njs_execution SET head = '{"cut off' WHERE id = $1`, [id]);
  },
  async corruptSchedule(prefix, id, store) {
    const { client } = store.schedules as unknown as { client: SqlClient };
    await client.query(`UPDATE "${prefix}".njs_schedule SET record = '{"cut off' WHERE id = $1`, [id]);
  },
  left: (prefix, job, scheduleId, store) =>
    rowsLeft((store.executions as unknown as { client: SqlClient }).client, prefix, job, scheduleId),
});

let shared: PGlite | undefined;

describeStore('PGlite of the user', {
  kind: 'embedded',
  ordered: false,
  open(prefix) {
    shared ??= new PGlite();
    return openStore({ connection: shared, prefix, clock });
  },
  async corrupt(prefix, id) {
    await shared!.query(`UPDATE "${prefix}".njs_execution SET head = '{"cut off' WHERE id = $1`, [id]);
  },
  async corruptSchedule(prefix, id) {
    await shared!.query(`UPDATE "${prefix}".njs_schedule SET record = '{"cut off' WHERE id = $1`, [id]);
  },
  left: (prefix, job, scheduleId) => rowsLeft(shared!, prefix, job, scheduleId),
  release: () => shared!.close(),
});
