import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { PGlite } from '@electric-sql/pglite';
import { SystemClock } from '#src/common/clock.js';
import { openStore } from '#src/store/open-store.js';
import type { SqlClient } from '#src/store/postgres/driver/sql-driver.js';
import { describeStore } from './conformance.js';
import { emptyDirectory, usedDirectory } from './data-directory.js';
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

test('what a directory holds is its owner’s alone, whatever the umask is', async () => {
  const before = process.umask(0);
  try {
    const directory = join(await emptyDirectory(), 'jobs');
    const store = await openStore({ connection: `file:${directory}`, prefix: 'jobs', clock });
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    const paths = [directory, ...entries.map((entry) => join(entry.parentPath, entry.name))];
    const open = [];
    for (const path of paths) {
      const { mode } = await stat(path);
      if ((mode & 0o077) !== 0) open.push(`${path} ${(mode & 0o777).toString(8)}`);
    }
    await store.close();
    expect(paths.length).toBeGreaterThan(500);
    expect(paths.some((path) => path.endsWith('.sock'))).toBe(true);
    expect(open).toEqual([]);
  } finally {
    process.umask(before);
  }
});
