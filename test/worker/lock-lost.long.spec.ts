import { describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { encodeJobId } from '#src/store/names.js';
import type { Store } from '#src/store/ports/ports.js';
import { gate } from '../support/gate.js';
import { until } from '../support/until.js';
import { describeOnEachStore, enqueue, makePool, openTestStore, queueOf, queues } from './pool-kit.js';
import { ScriptRunner } from './script-runner.js';
import { scaled } from '../support/machine.js';

/** What BullMQ does with a job whose lock has run out, at once: "0" stands for whatever lock there is. */
async function putBack(store: Store, id: string): Promise<void> {
  await queueOf(store, 'q').backend.moveJobFromActiveToWait(encodeJobId(id, 'q'), '0');
}

async function isGone(store: Store, id: string): Promise<boolean> {
  return !(await queueOf(store, 'q').getJob(encodeJobId(id, 'q')));
}

describeOnEachStore('a job that was taken from a run of this process', (url) => {
  it('starts again when the old run has ended, and has one outcome', async () => {
    const store = await openTestStore(url);
    const reasons: unknown[] = [];
    const { opened, open } = gate();
    const runner = new ScriptRunner(async ({ started, signal }) => {
      if (started.fence > 1) return undefined;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      reasons.push(signal.reason);
      await opened;
      return undefined;
    });
    const { pool } = makePool(store, runner, queues({ q: 1 }));
    await pool.start();
    const id = await enqueue(store, 'q');
    await until('it runs', () => runner.now === 1);
    await putBack(store, id);
    await until('the old run is aborted', () => reasons.length === 1);
    expect(reasons).toMatchObject([{ code: 'JOB_LOCK_LOST', details: { id } }]);
    // The handler has not ended: the id waits, and the old run has its slot.
    await until('it was set aside', async () => (await queueOf(store, 'q').getDelayedCount()) === 1);
    expect(runner.starts).toHaveLength(1);
    await until('only it has a slot', () => pool.statistics().busy === 1);

    open();
    await until('it is done', () => isGone(store, id));
    expect(runner.mostOfOneId).toBe(1);
    expect(runner.outcomes.map(({ outcome }) => outcome.kind)).toEqual(['lost', 'completed']);
    expect(runner.starts.map(({ attempt }) => attempt)).toEqual([1, 1]);
    const record = await store.executions.load(id);
    expect(record).toMatchObject({ final: 'completed', fence: runner.starts[1]!.fence });
    expect(record!.attempts).toHaveLength(1);
  });

  it('does not wait for an old run that ended by itself', async () => {
    const store = await openTestStore(url);
    const { opened, open } = gate();
    const runner = new ScriptRunner(() => opened);
    const { pool } = makePool(store, runner, queues({ q: [1, 1] }));
    await pool.start();
    const id = await enqueue(store, 'q');
    await until('it runs', () => runner.now === 1);
    // The queue's only slot is taken, so that nobody picks it up before the old run ends.
    await putBack(store, id);
    open();
    await until('it is done', () => isGone(store, id));
    expect(runner.mostOfOneId).toBe(1);
    expect((await store.executions.load(id))?.final).toBe('completed');
  });
});

describe('a lock that is deleted under a running job', () => {
  it('aborts the run, and the job runs again here or elsewhere', async () => {
    const url = process.env.TEST_REDIS_URL!;
    const store = await openTestStore(url);
    const stalled: string[] = [];
    const runner = new ScriptRunner(
      ({ started, signal }) =>
        started.fence === 1 && new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())),
    );
    const { pool } = makePool(store, runner, queues({ q: 1 }), {
      lockDuration: scaled(1_000),
      onStalled: (id, queue) => stalled.push(`${queue} ${id}`),
    });
    await pool.start();
    const id = await enqueue(store, 'q');
    await until('it runs', () => runner.now === 1);
    const redis = new Redis(url);
    await redis.del(`${queueOf(store, 'q').toKey(encodeJobId(id, 'q'))}:lock`);
    await redis.quit();
    await until('the run has ended', () => runner.outcomes.length === 1);
    expect(runner.outcomes[0]!.outcome.kind).toBe('lost');
    await until('it has run again', () => isGone(store, id));
    expect(stalled).toEqual([`q ${id}`]);
    expect(runner.starts.map(({ attempt, crashes }) => [attempt, crashes])).toEqual([
      [1, 0],
      [1, 1],
    ]);
  });
});
