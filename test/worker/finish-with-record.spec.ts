/** Records that Redis stores in one step with the call that ends their job. */
import { describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { packEntry } from '#src/store/redis/execution-codec.js';
import { RedisKeys } from '#src/store/redis/redis-keys.js';
import { CompactRecords } from '#src/store/redis/finish/compact-record.js';
import { gate } from '../support/gate.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { atEnd, enqueue, enqueueMany, makePool, openTestStore, queueOf, queues } from './pool-kit.js';
import { recordOf, ScriptRunner } from './script-runner.js';

const url = process.env.TEST_REDIS_URL!;

async function setUp(keep = 1_000, age = 60_000) {
  const prefix = randomPrefix();
  const store = await openTestStore(url, prefix);
  const redis = new Redis(url);
  atEnd(async () => void (await redis.quit()));
  const { opened, open } = gate();
  const company = gate();
  const runner = new ScriptRunner(async ({ started }) => {
    if (started.queue === 'company') {
      company.open();
      await opened;
    }
    if (started.queue === 'q') await company.opened;
    return {
      kind: 'completed',
      result: { odd: 'é\0"漢' },
      write: { ...recordOf(started, 'completed'), keep: { count: keep, age } },
    };
  });
  const { pool, errors } = makePool(store, runner, queues({ q: 1, company: 1 }));
  // A job that is alone has its record ahead.
  await enqueue(store, 'company');
  atEnd(async () => open());
  const keys = new RedisKeys(prefix);
  const indexed = () => store.executions.counts(['q']);
  return { prefix, store, redis, runner, pool, errors, keys, indexed };
}

function completed(id: string, age: number) {
  return {
    id,
    job: 'test',
    queue: 'q',
    fence: 1,
    final: 'completed' as const,
    head: { trigger: 'enqueue' as const, createdAt: 1, maxAttempts: 1 },
    attempt: { attempt: 1, startedAt: 1, finishedAt: Date.now(), workerId: 'w' },
    keep: { count: 10, age },
  };
}

describe('the record of a job that completed', () => {
  it('is one string, counted and indexed soon, and the job is gone from its queue', async () => {
    const { store, redis, runner, pool, keys, indexed, errors } = await setUp();
    const id = await enqueue(store, 'q', { payload: { text: 'ü漢\0' } });
    await pool.start();
    await until('it is done', () => runner.outcomes.length === 1);
    await until('it is stored', async () => (await redis.exists(keys.execution(id))) === 1);
    expect(await redis.type(keys.execution(id))).toBe('string');
    expect(await redis.pttl(keys.execution(id))).toBeGreaterThan(0);
    const stored = await store.executions.load(id);
    expect(stored).toMatchObject({ id, job: 'test', queue: 'q', final: 'completed', attempts: [{ attempt: 1 }] });
    await until('it is indexed', async () => (await redis.zcard(`${keys.base}:ended:test:completed`)) === 1);
    expect(await redis.llen(`${keys.base}:fresh`)).toBe(0);
    expect(await indexed()).toEqual({ q: { completed: 1, failed: 0 } });
    expect(await queueOf(store, 'q').getJobCounts()).toMatchObject({ active: 0, completed: 0, failed: 0, waiting: 0 });
    expect(errors).toEqual([]);
  });

  it('bounds the history of its job as soon as it is indexed, whatever came in one go', async () => {
    const { store, redis, runner, pool, keys, indexed } = await setUp(5);
    await enqueueMany(store, 'q', 1_200);
    await pool.start();
    await until('all are done', () => runner.outcomes.length === 1_200);
    await until('the queue is told', async () => (await queueOf(store, 'q').getActiveCount()) === 0);
    expect(await indexed()).toEqual({ q: { completed: 1_200, failed: 0 } });
    expect(await redis.zcard(`${keys.base}:ended:test:completed`)).toBe(5);
    expect(await redis.keys(`${keys.base.replaceAll(/[{}]/g, '?')}:x:*`)).toHaveLength(5);
  });

  it('is not kept when nothing is to be kept of it', async () => {
    const { store, redis, runner, pool, keys, indexed } = await setUp(0);
    const id = await enqueue(store, 'q');
    await pool.start();
    await until('it is done', () => runner.outcomes.length === 1);
    await until('the queue is told', async () => (await queueOf(store, 'q').getActiveCount()) === 0);
    expect(await redis.exists(keys.execution(id))).toBe(0);
    expect(await indexed()).toEqual({ q: { completed: 1, failed: 0 } });
  });

  it('goes ahead when no other job runs', async () => {
    const { store, redis, runner, keys } = await setUp();
    const { pool } = makePool(store, runner, queues({ alone: 1 }));
    const id = await enqueue(store, 'alone');
    await pool.start();
    await until('it is done', () => runner.outcomes.length === 1);
    await pool.whenIdle();
    expect(await redis.type(keys.execution(id))).toBe('hash');
    expect(await store.executions.counts(['alone'])).toEqual({ alone: { completed: 1, failed: 0 } });
  });

  it('joins what is stored of earlier attempts and steps', async () => {
    const { store, redis, runner, pool, keys } = await setUp();
    const id = await enqueue(store, 'q');
    await store.executions.recordStep(id, 'test', 'q', 1, { name: 'first', startedAt: 1, finishedAt: 2 });
    await pool.start();
    await until('it is done', () => runner.outcomes.length === 1);
    await until('the queue is told', async () => (await queueOf(store, 'q').getActiveCount()) === 0);
    expect(await redis.type(keys.execution(id))).toBe('hash');
    expect(await store.executions.load(id)).toMatchObject({ final: 'completed', steps: [{ name: 'first' }] });
  });

  it('is refused by an execution that has ended, as is a step', async () => {
    const { store, runner, pool } = await setUp();
    const id = await enqueue(store, 'q');
    await pool.start();
    await until('it is done', () => runner.outcomes.length === 1);
    await until('the queue is told', async () => (await queueOf(store, 'q').getActiveCount()) === 0);
    const other = recordOf({ ...runner.starts.find((started) => started.queue === 'q')!, fence: 9 }, 'failed');
    expect(await store.executions.write([other])).toEqual([false]);
    expect(await store.executions.recordStep(id, 'test', 'q', 9, { name: 's', startedAt: 1, finishedAt: 1 })).toBe(
      false,
    );
    expect(await store.executions.reopen(id)).toBe(false);
    expect((await store.executions.load(id))?.final).toBe('completed');
  });

  it('takes the place of a key of another type, with a warning that names it, and the job completes', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    atEnd(async () => warn.mockRestore());
    const { store, redis, runner, pool, keys } = await setUp();
    const id = await enqueue(store, 'q');
    await redis.lpush(keys.execution(id), 'no record');
    await pool.start();
    await until('it is done', () => runner.outcomes.length === 1);
    await until('the queue is told', async () => (await queueOf(store, 'q').getActiveCount()) === 0);
    expect((await store.executions.load(id))?.final).toBe('completed');
    expect(await queueOf(store, 'q').getJobCounts()).toMatchObject({ active: 0, failed: 0, waiting: 0 });
    expect(warn.mock.calls.flat().join()).toContain(keys.execution(id));
  });

  it('is stored after Redis has forgotten its scripts', async () => {
    const { store, redis, runner, pool, errors } = await setUp();
    await enqueue(store, 'q');
    await pool.start();
    await until('it is done', () => runner.outcomes.length === 1);
    await redis.script('FLUSH');
    const id = await enqueue(store, 'q');
    await until('it is done, too', () => runner.outcomes.length === 2);
    await until('the queue is told', async () => (await queueOf(store, 'q').getActiveCount()) === 0);
    expect((await store.executions.load(id))?.final).toBe('completed');
    expect(errors).toEqual([]);
  });

  it('is indexed by another process when its own died before it was', async () => {
    const { store, redis, keys, indexed } = await setUp();
    const gone = completed('gone', 60_000);
    const compact = new CompactRecords();
    const record = compact.record(gone);
    // One without steps, and one with a step.
    await redis.rpush(
      `${keys.base}:fresh`,
      compact.entry(gone, record),
      packEntry({ ...gone, id: 'with a step' }, record),
    );
    expect(await indexed()).toEqual({ q: { completed: 2, failed: 0 } });
    expect(await redis.zrange(`${keys.base}:ended:test:completed`, '0', '-1')).toEqual(['gone', 'with a step']);
    await store.close();
  });

  it('is indexed beside one that is not to be kept for any time, and one that cannot be read', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    atEnd(async () => warn.mockRestore());
    const { store, redis, keys, indexed } = await setUp();
    const compact = new CompactRecords();
    const entryOf = (id: string, age: number) => {
      const write = completed(id, age);
      return compact.entry(write, compact.record(write));
    };
    const rubbish = ['rubbish', '1\t1\t1\t1\tno JSON\t[]\tid', Buffer.from([0xdc, 0, 16])];
    await redis.rpush(
      `${keys.base}:fresh`,
      entryOf('first', 60_000),
      entryOf('brief', 0),
      ...rubbish,
      entryOf('last', 60_000),
    );
    expect(await indexed()).toEqual({ q: { completed: 3, failed: 0 } });
    expect((await redis.zrange(`${keys.base}:ended:test:completed`, '0', '-1')).toSorted()).toEqual(['first', 'last']);
    for (const id of ['first', 'last']) expect((await store.executions.load(id))?.final).toBe('completed');
    expect(await store.executions.load('brief')).toBeUndefined();
    expect(warn.mock.calls.flat().join()).toContain(`${keys.base}:fresh`);
  });
});

it('BullMQ’s finish script is the one that takes records', async () => {
  const { store, pool } = await setUp();
  expect(store.executions.finishWithRecord).toBeUndefined();
  await pool.start();
  // Undefined after an upgrade of BullMQ: see `FINISH` in `bullmq-scripts.ts`.
  expect(store.executions.finishWithRecord).toBeDefined();
});
