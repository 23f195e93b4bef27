import { expect, it } from '@jest/globals';
import { encodeJobId } from '#src/store/names.js';
import { gate } from '../support/gate.js';
import { until } from '../support/until.js';
import { describeOnEachStore, enqueue, enqueueMany, makePool, openTestStore, queueOf, queues } from './pool-kit.js';
import { type Run, ScriptRunner } from './script-runner.js';
import { sharedStores, storesOfSuite } from '../support/stores.js';

const untilAborted = ({ signal }: Run) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));

/** So long that a stop which waits for it does not end. */
const HOUR = 3_600_000;

describeOnEachStore(
  'stopping the pool',
  (url) => {
    it('lets running jobs end, and takes no other', async () => {
      const store = await openTestStore(url);
      const { opened, open } = gate();
      const runner = new ScriptRunner(() => opened);
      const { pool } = makePool(store, runner, queues({ q: 1 }), { concurrency: 3 });
      await enqueueMany(store, 'q', 10);
      await pool.start();
      await until('the pool is full', () => runner.now === 3);
      const stopped = pool.stop(HOUR);
      expect(pool.statistics().alive).toBe(false);
      open();
      await stopped;
      expect(runner.starts).toHaveLength(3);
      expect(runner.outcomes.map(({ outcome }) => outcome.kind)).toEqual(['completed', 'completed', 'completed']);
      expect(await queueOf(store, 'q').getJobCounts('wait', 'active')).toMatchObject({ wait: 7, active: 0 });
    });

    it('aborts what goes on for longer, then puts it back without using an attempt', async () => {
      const store = await openTestStore(url);
      const reasons: unknown[] = [];
      const { opened, open } = gate();
      const runner = new ScriptRunner(async ({ started, signal }) => {
        if (started.fence > 1) return;
        signal.addEventListener('abort', () => reasons.push(signal.reason));
        await opened;
      });
      const { pool } = makePool(store, runner, queues({ q: 1 }));
      await pool.start();
      const id = await enqueue(store, 'q');
      await until('it runs', () => runner.now === 1);
      await pool.stop(150);
      expect(reasons).toMatchObject([{ code: 'JOB_SHUTDOWN' }]);
      const job = (await queueOf(store, 'q').getJob(encodeJobId(id, 'q')))!;
      expect(await job.getState()).toBe('waiting');
      expect(job.attemptsMade).toBe(0);

      const next = makePool(store, runner, queues({ q: 1 }));
      await next.pool.start();
      await until('it has run', () => runner.outcomes.length === 2);
      expect(runner.starts.map(({ attempt, fence, crashes }) => [attempt, fence, crashes])).toEqual([
        [1, 1, 0],
        [1, 2, 0],
      ]);
      open();
    });

    it('aborts jobs that wish it at once', async () => {
      const store = await openTestStore(url);
      const runner = new ScriptRunner(untilAborted, { onShutdown: () => 'abort' });
      const { pool } = makePool(store, runner, queues({ q: 1 }));
      await pool.start();
      await enqueueMany(store, 'q', 2);
      await until('they run', () => runner.now === 2);
      await pool.stop(HOUR);
      expect(runner.outcomes.map(({ outcome }) => outcome.kind)).toEqual(['requeue', 'requeue']);
      expect(await queueOf(store, 'q').getWaitingCount()).toBe(2);
    });

    it('gives up a job that wishes to be aborted but does not heed it after a second', async () => {
      const store = await openTestStore(url);
      const { opened, open } = gate();
      const runner = new ScriptRunner(() => opened, { onShutdown: () => 'abort' });
      const { pool } = makePool(store, runner, queues({ q: 1 }));
      await pool.start();
      await enqueue(store, 'q');
      await until('it runs', () => runner.now === 1);
      await pool.stop(HOUR);
      expect(await queueOf(store, 'q').getWaitingCount()).toBe(1);
      open();
    });

    it('leaves no job behind, whenever it comes', async () => {
      const store = await openTestStore(url);
      const runner = new ScriptRunner(() => undefined);
      await enqueueMany(store, 'q', 400);
      for (let round = 0; round < 8; round++) {
        const { pool } = makePool(store, runner, queues({ q: 1, other: 2 }));
        await pool.start();
        // At different moments of fetching and finishing.
        const goal = runner.starts.length + round * 3;
        await until('some have run', () => runner.starts.length >= goal, { every: 1 });
        await pool.stop(5_000);
        expect(await queueOf(store, 'q').getActiveCount()).toBe(0);
      }
      const { pool } = makePool(store, runner, queues({ q: 1, other: 2 }));
      await pool.start();
      await until('all have run', async () => (await store.executions.counts(['q']))['q']?.completed === 400);
      const ids = runner.outcomes
        .filter(({ outcome }) => outcome.kind === 'completed')
        .map(({ started }) => started.id);
      expect(new Set(ids).size).toBe(400);
      expect(ids).toHaveLength(400);
      expect(runner.starts.every(({ attempt, crashes }) => attempt === 1 && crashes === 0)).toBe(true);
    });

    it('is safe twice, before the start, and during it', async () => {
      const store = await openTestStore(url);
      const runner = new ScriptRunner(() => undefined);
      const never = makePool(store, runner, queues({ q: 1 })).pool;
      await never.stop(1_000);
      await never.start();
      expect(never.statistics()).toMatchObject({ busy: 0, alive: false });

      const early = makePool(store, runner, queues({ q: 1 })).pool;
      const starting = early.start();
      const stopping = early.stop(1_000);
      expect(early.stop(0)).toBe(stopping);
      await Promise.all([starting, stopping]);
      await enqueue(store, 'q');
      expect(early.statistics().alive).toBe(false);
      expect(runner.starts).toEqual([]);
    });

    it('leaves no timer and no socket', async () => {
      const store = await openTestStore(url);
      const count = () => process.getActiveResourcesInfo().filter((type) => /Timeout|TCP/.test(type)).length;
      const cycle = async () => {
        const runner = new ScriptRunner(() => undefined);
        const { pool } = makePool(store, runner, queues({ q: 1, other: 1, later: 1 }));
        await pool.start();
        await enqueueMany(store, 'q', 50);
        await until('they have run', () => runner.outcomes.length === 50);
        const whileUp = count();
        await pool.stop(1_000);
        return whileUp;
      };
      await enqueue(store, 'later', { delay: 60_000 });
      // The store's own connections come with the first pools, and stay.
      await cycle();
      await cycle();
      let before = Infinity;
      const since = Date.now();
      await until('it has settled', () => {
        before = Math.min(before, count());
        return Date.now() - since > 500;
      });
      expect(await cycle()).toBeGreaterThan(before);
      await until('nothing more is left', () => count() <= before);
    });
  },
  storesOfSuite(sharedStores),
);
