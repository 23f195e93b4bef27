/** Two pools, each on a store of its own, stand for two processes. */
import { expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { gate } from '../support/gate.js';
import { scaled } from '../support/machine.js';
import { randomPrefix } from '../support/prefix.js';
import { expectSoon } from '../support/soon.js';
import { until } from '../support/until.js';
import {
  atEnd,
  describeOnEachStore,
  enqueue,
  enqueueMany,
  makePool,
  openTestStore,
  queueOf,
  queues,
} from './pool-kit.js';
import { ScriptRunner } from './script-runner.js';

const idle = Array.from({ length: 20 }, (_, n) => `idle${n}`);

/** Long enough to fill one pool, or to stop it, before a job is due. */
const DELAY = scaled(2_500);

describeOnEachStore('two pools, one full', (url, kind) => {
  it('a job in an idle queue starts on the other at once, 20 times of 20', async () => {
    const prefix = randomPrefix();
    const [full, free] = [await openTestStore(url, prefix), await openTestStore(url, prefix)];
    const producer = await openTestStore(url, prefix);
    const { opened, open } = gate();
    atEnd(async () => open());
    const busy = new ScriptRunner(() => opened);
    const startedAt = new Map<string, number>();
    const ready = new ScriptRunner(({ started }) => void startedAt.set(started.id, Date.now()));
    const settings = queues({ busy: 1, ...Object.fromEntries(idle.map((name) => [name, 1])) });
    for (const queue of idle) await enqueue(producer, queue, { delay: 600_000 });

    const first = makePool(full, busy, settings, { concurrency: 3 });
    await first.pool.start();
    // It waits on every idle queue before the other does, so that on Redis every wake-up comes to it first.
    await until('it has looked at every queue', () => new Set(first.grants).size === settings.size);
    await enqueueMany(producer, 'busy', 3);
    await until('it is full', () => busy.now === 3);
    const second = makePool(free, ready, settings, { concurrency: 3 });
    await second.pool.start();
    await until('the other has looked at every queue', () => new Set(second.grants).size === settings.size);

    const late: number[] = [];
    for (const queue of idle) {
      const at = Date.now();
      const id = await enqueue(producer, queue);
      await until(`a job of ${queue} has started`, () => startedAt.has(id), { every: 1 });
      late.push(startedAt.get(id)! - at);
    }
    expectSoon(`A job in an idle queue starts on another pool, ${kind}`, late);
    expect(busy.starts).toHaveLength(3);
    expect(ready.starts).toHaveLength(20);
  });

  /** How late a due job starts whose wake-up the one pool holds that has filled up since, in milliseconds. */
  async function lateBesideFull(): Promise<number> {
    const prefix = randomPrefix();
    const [full, free] = [await openTestStore(url, prefix), await openTestStore(url, prefix)];
    const producer = await openTestStore(url, prefix);
    const { opened, open } = gate();
    atEnd(async () => open());
    const busy = new ScriptRunner(() => opened);
    let startedAt = 0;
    const ready = new ScriptRunner(() => void (startedAt = Date.now()));

    const first = makePool(full, busy, queues({ later: 1, busy: 1 }), { concurrency: 2 });
    await first.pool.start();
    await until('it has looked', () => new Set(first.grants).size === 2);
    const second = makePool(free, ready, queues({ later: 1 }), { concurrency: 2 });
    await second.pool.start();
    await until('the other has looked', () => second.grants.length === 1);

    const dueAt = Date.now() + DELAY;
    await enqueue(producer, 'later', { delay: DELAY });
    if (kind === 'redis') {
      const redis = new Redis(url);
      const marker = queueOf(producer, 'later').toKey('marker');
      await until('the first has taken the wake-up', async () => (await redis.exists(marker)) === 0);
      await redis.quit();
    }
    await enqueueMany(producer, 'busy', 2);
    await until('the first is full', () => busy.now === 2);
    await until('the job has started', () => startedAt > 0, { every: 1 });
    expect(busy.starts).toHaveLength(2);
    open();
    return startedAt - dueAt;
  }

  it('a due job whose wake-up the one holds that filled up starts on the other at once', async () => {
    const late = [await lateBesideFull(), await lateBesideFull(), await lateBesideFull()];
    expect(late.filter((ms) => ms < -2)).toEqual([]);
    expectSoon(`A due job starts on another pool, ${kind}`, late);
  });

  /** How late a due job starts whose wake-up a pool held that has stopped since, in milliseconds. */
  async function lateAfterStop(): Promise<number> {
    const prefix = randomPrefix();
    const [one, two] = [await openTestStore(url, prefix), await openTestStore(url, prefix)];
    const producer = await openTestStore(url, prefix);
    let startedAt = 0;
    const first = makePool(one, new ScriptRunner(() => undefined), queues({ later: 1 }));
    await first.pool.start();
    await until('it has looked', () => first.grants.length === 1);
    const second = makePool(two, new ScriptRunner(() => void (startedAt = Date.now())), queues({ later: 1 }));
    await second.pool.start();
    await until('the other has looked', () => second.grants.length === 1);
    const dueAt = Date.now() + DELAY;
    await enqueue(producer, 'later', { delay: DELAY });
    await first.pool.stop(0);
    await until('the job has started', () => startedAt > 0, { every: 1 });
    return startedAt - dueAt;
  }

  it('a wake-up that a stopping pool held reaches the other', async () => {
    const late = [await lateAfterStop(), await lateAfterStop(), await lateAfterStop()];
    expectSoon(`A due job starts after the pool that waited for it has stopped, ${kind}`, late);
  });

  // PostgreSQL's wake-ups reach every process: there no marker is passed on.
  if (kind !== 'redis') return;
  it('a wake-up for a job that is gone does not go round', async () => {
    const prefix = randomPrefix();
    const [one, two] = [await openTestStore(url, prefix), await openTestStore(url, prefix)];
    const producer = await openTestStore(url, prefix);
    const { opened, open } = gate();
    atEnd(async () => open());
    const pools = [one, two].map((store) =>
      makePool(store, new ScriptRunner(() => opened), queues({ busy: 1, q: 1 }), { concurrency: 1 }),
    );
    for (const { pool } of pools) await pool.start();
    await until('both have looked', () => pools.every(({ grants }) => new Set(grants).size === 2));
    await enqueueMany(producer, 'busy', 2);
    await until('both are full', () => pools.every(({ pool }) => pool.statistics().busy === 1));
    const redis = new Redis(url);
    await redis.zadd(queueOf(producer, 'q').toKey('marker'), 0, '0');
    await until('somebody took it', async () => (await redis.exists(queueOf(producer, 'q').toKey('marker'))) === 0);
    const calls = async () => Number(/cmdstat_zadd:calls=(\d+)/.exec(await redis.info('commandstats'))![1]);
    const before = await calls();
    const since = Date.now();
    await until('some time has passed', () => Date.now() - since > 300);
    expect((await calls()) - before).toBeLessThanOrEqual(2);
    await redis.quit();
  });
});
