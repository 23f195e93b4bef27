/** Directories that two processes want, processes that die, and a PGlite that others use, too. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { PGlite } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';
import { Logger } from '@nestjs/common';
import { SystemClock } from '#src/common/clock.js';
import type { Connection } from '#src/options/connection.js';
import { DirectoryLock } from '#src/store/embedded/directory-lock.js';
import { durableOptions } from '#src/store/embedded/durable-fs.js';
import { openStore } from '#src/store/open-store.js';
import type { Store } from '#src/store/ports/ports.js';
import { startChild } from '../support/child.js';
import { randomPrefix } from '../support/prefix.js';
import { emptyDirectory, usedDirectory } from './data-directory.js';
import { refusal } from './refusal.js';
import { scaled } from '../support/machine.js';

const clock = new SystemClock();
const cleanUps: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
  jest.restoreAllMocks();
});

async function open(connection: Connection, prefix = randomPrefix()): Promise<Store> {
  const store = await openStore({ connection, prefix, clock });
  cleanUps.push(() => store.close());
  return store;
}

const child = (directory: string, action: 'hold' | 'add' | 'close', prefix: string = randomPrefix()) =>
  startChild('test/store/file-store.child.ts', { args: [directory, prefix, action] });

describe('the lock of a directory', () => {
  test('of many that want it at once, one gets it', async () => {
    const directory = await emptyDirectory();
    const answers = await Promise.allSettled(Array.from({ length: 12 }, () => DirectoryLock.acquire(directory, clock)));
    const held = answers.filter((answer) => answer.status === 'fulfilled');
    const refused = answers.filter((answer) => answer.status === 'rejected');
    expect(held).toHaveLength(1);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'STORE_IN_USE', details: { directory } });
    await held[0]!.value.release();
    expect(await readdir(directory)).toEqual([]);
  });

  test('is free again at once when it is released, and says who has it', async () => {
    const directory = await emptyDirectory();
    for (let round = 0; round < 3; round++) {
      const lock = await DirectoryLock.acquire(directory, clock);
      const { error } = await refusal(DirectoryLock.acquire(directory, clock));
      expect(error.message).toContain(`The job store in ${directory} is open in this process (${process.pid})`);
      await Promise.all([lock.release(), lock.release()]);
    }
  });

  test('works where the path is too long for a socket', async () => {
    const directory = join(await emptyDirectory(), 'd'.repeat(120));
    await mkdir(directory);
    const lock = await DirectoryLock.acquire(directory, clock);
    expect((await refusal(DirectoryLock.acquire(directory, clock))).error).toMatchObject({ code: 'STORE_IN_USE' });
    await lock.release();
    await (await DirectoryLock.acquire(directory, clock)).release();
  });

  test('is not fooled by other files', async () => {
    const directory = await emptyDirectory();
    await writeFile(join(directory, 'lock.0123456789ab.sock'), 'no socket');
    await writeFile(join(directory, 'notes.txt'), '');
    const lock = await DirectoryLock.acquire(directory, clock);
    await lock.release();
    expect(await readdir(directory)).toEqual(['notes.txt']);
  });
});

describe('file:', () => {
  test('a second process is refused, also when the first one hangs; after kill -9 the next opens at once', async () => {
    const directory = await usedDirectory();
    const first = child(directory, 'hold');
    await first.next('open');

    const { error, after } = await refusal(open(`file:${directory}`));
    expect(error).toMatchObject({ code: 'STORE_IN_USE', details: { directory } });
    expect(error.message).toContain(`The job store in ${directory} is open in process ${first.pid}`);
    expect(after).toBeLessThan(scaled(8_000));

    process.kill(first.pid, 'SIGSTOP');
    expect((await refusal(open(`file:${directory}`))).error).toMatchObject({ code: 'STORE_IN_USE' });

    await first.kill();
    const store = await open(`file:${directory}`);
    await store.ping();
    const second = child(directory, 'hold');
    expect((await second.next('refused')).message).toContain(`process ${process.pid}`);
    expect(await second.exited).toMatchObject({ code: 0 });
  });

  test('kill -9 in the middle of work, three times over: every acknowledged job and step is there', async () => {
    const directory = await usedDirectory();
    const prefix = randomPrefix();
    const acknowledged: string[] = [];
    for (let round = 1; round <= 3; round++) {
      const adding = child(directory, 'add', prefix);
      await adding.next('added', { accepts: ({ id }) => String(id).endsWith(`-${round * 17}`) });
      await adding.kill();
      acknowledged.push(...adding.events.filter(({ event }) => event === 'added').map(({ id }) => String(id)));
    }
    expect(acknowledged.length).toBeGreaterThan(100);
    const store = await open(`file:${directory}`, prefix);
    const queue = store.queues.queue('default');
    cleanUps.push(() => queue.close());
    const waiting = new Set((await queue.getJobs('waiting', 0, -1)).map(({ id }) => id));
    expect(acknowledged.filter((id) => !waiting.has(id))).toEqual([]);
    for (const id of acknowledged) expect((await store.executions.load(id))?.steps).toHaveLength(1);
  });

  test('a process that closes its store ends by itself', async () => {
    const closing = child(await usedDirectory(), 'close');
    await closing.next('open');
    expect(await closing.exited).toEqual({ code: 0, signal: null });
    expect(closing.output).toBe('');
  });

  test('commits reach the disk: fsync is on, and goes through', async () => {
    const directory = join(await emptyDirectory(), 'pgdata');
    const durable = durableOptions(NodeFS, directory, PGlite.defaultStartParams);
    const pglite = await PGlite.create(durable.options);
    expect(durable.isMended()).toBe(true);
    expect((await pglite.query('SHOW fsync')).rows).toEqual([{ fsync: 'on' }]);
    const { NODEFS } = pglite.Module as unknown as { NODEFS: { stream_ops: { fsync: (stream: object) => number } } };
    const real = NODEFS.stream_ops.fsync;
    let calls = 0;
    NODEFS.stream_ops.fsync = (stream) => {
      calls++;
      return real(stream);
    };
    await pglite.exec('CREATE TABLE t (a int)');
    calls = 0;
    for (let n = 0; n < 5; n++) await pglite.query('INSERT INTO t VALUES ($1)', [n]);
    expect(calls).toBeGreaterThanOrEqual(5);
    await pglite.close();
  });

  test('a directory that PGlite cannot open: an error that names it, and the lock is free', async () => {
    const directory = await emptyDirectory();
    await mkdir(join(directory, 'pgdata'));
    await writeFile(join(directory, 'pgdata', 'PG_VERSION'), '9.1\n');
    const { error } = await refusal(open(`file:${directory}`));
    expect(error).toMatchObject({ code: 'STORE_UNSUPPORTED' });
    expect(error.message).toContain(directory);
    await (await DirectoryLock.acquire(directory, clock)).release();
  });
});

describe('memory:', () => {
  test('says that jobs end with the process', async () => {
    const log = jest.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
    const store = await open('memory:');
    expect(store.kind).toBe('memory');
    expect(log.mock.calls.flat().join()).toMatch(/in memory: they end with this process.*file:DIR/);
    const queue = store.queues.queue('default');
    await queue.add('x', {}, { jobId: 'x-1' });
    expect(await queue.getWaitingCount()).toBe(1);
    await queue.close();
  });
});

describe('a PGlite of the user', () => {
  test('its own tables stay in sight, its own statements stay out of our transactions, and it stays open', async () => {
    const users = await PGlite.create();
    cleanUps.push(() => users.close());
    await users.exec(`CREATE TABLE job (mine text); INSERT INTO job VALUES ('mine')`);
    const opening = openStore({ connection: users, prefix: randomPrefix(), clock });
    const paths = new Set<unknown>();
    // Statements that get in between those of the migration, if anything lets them.
    const pathSeen = async () => {
      const { rows } = await users.query<{ path: string }>(`SELECT current_setting('search_path') AS path`);
      paths.add(rows[0]!.path);
    };
    const [store] = await Promise.all([opening, ...Array.from({ length: 200 }, () => setImmediate().then(pathSeen))]);
    const queue = store.queues.queue('default');
    for (let n = 0; n < 5; n++) {
      const [{ rows }] = await Promise.all([
        users.query('SELECT * FROM job'),
        queue.add('x', { n }, { jobId: `x-${n}` }),
      ]);
      expect(rows).toEqual([{ mine: 'mine' }]);
    }
    expect(paths).toEqual(new Set(['public']));
    await queue.close();
    await store.close();
    expect((await users.query('SELECT * FROM job')).rows).toEqual([{ mine: 'mine' }]);
  });
});
