import { expect, it } from '@jest/globals';
import { gate } from '../support/gate.js';
import { until } from '../support/until.js';
import { atEnd, countOf, describeOnEachStore, enqueueMany, makePool, openTestStore, queues } from './pool-kit.js';
import { ScriptRunner } from './script-runner.js';
import { sharedStores, storesOfSuite } from '../support/stores.js';

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

describeOnEachStore(
  'the pool',
  (url) => {
    it('splits the slots of three saturated queues 6/3/1, and runs ten jobs at most', async () => {
      const store = await openTestStore(url);
      const runner = new ScriptRunner(() => pause(Math.random() * 4));
      const { pool, grants, errors } = makePool(store, runner, queues({ critical: 6, default: 3, low: 1 }));
      await Promise.all([
        enqueueMany(store, 'critical', 300),
        enqueueMany(store, 'default', 160),
        enqueueMany(store, 'low', 70),
      ]);
      await pool.start();
      await until('400 jobs have started', () => runner.starts.length >= 400);

      expect(countOf(grants.slice(0, 400))).toEqual({ critical: 240, default: 120, low: 40 });
      const starts = countOf(runner.starts.slice(0, 400).map(({ queue }) => queue));
      expect(Math.abs(starts.critical! - 240)).toBeLessThanOrEqual(10);
      expect(Math.abs(starts.default! - 120)).toBeLessThanOrEqual(10);
      expect(Math.abs(starts.low! - 40)).toBeLessThanOrEqual(10);
      // That all ten are used is shown below, where jobs wait for it: these are too short for a slow store.
      expect(runner.most).toBeLessThanOrEqual(10);
      expect(errors).toEqual([]);
    });

    it('lends all slots to a lone queue', async () => {
      const store = await openTestStore(url);
      const { opened, open } = gate();
      atEnd(async () => open());
      const runner = new ScriptRunner(() => opened);
      const { pool } = makePool(store, runner, queues({ critical: 6, default: 3, low: 1 }));
      await enqueueMany(store, 'low', 30);
      await pool.start();
      await until('the pool is full', () => runner.now === 10);
      expect(pool.statistics()).toEqual({
        concurrency: 10,
        busy: 10,
        alive: true,
        queues: [
          { name: 'critical', running: 0, alive: true, hasTrouble: false },
          { name: 'default', running: 0, alive: true, hasTrouble: false },
          { name: 'low', running: 10, alive: true, hasTrouble: false },
        ],
      });
      open();
      await until('all are done', () => runner.outcomes.length === 30);
      expect(runner.most).toBe(10);
    });

    it('takes the heaviest queue only, while it has work, when the order is strict', async () => {
      const store = await openTestStore(url);
      const runner = new ScriptRunner(() => pause(1));
      const { pool, grants } = makePool(store, runner, queues({ critical: 6, default: 3, low: 1 }), {
        order: 'strict',
        concurrency: 4,
      });
      for (const queue of ['low', 'default', 'critical']) await enqueueMany(store, queue, 60);
      await pool.start();
      await until('all are done', () => runner.outcomes.length === 180);
      // The first grants, and those where a queue runs empty, only find out which queues have work.
      expect(countOf(grants.slice(8, 56))).toEqual({ critical: 48 });
      expect(grants.slice(72, 108)).not.toContain('low');
      const starts = runner.starts.map(({ queue }) => queue);
      // What starts first was granted first: four may be on their way, and some grants found nothing.
      const notYet = 4 + grants.length - starts.length;
      for (const first of [56, 108]) {
        const [granted, started] = [countOf(grants.slice(0, first)), countOf(starts.slice(0, first - notYet))];
        for (const queue of ['default', 'low']) expect(started[queue] ?? 0).toBeLessThanOrEqual(granted[queue] ?? 0);
      }
      expect(countOf(grants).low).toBeGreaterThanOrEqual(60);
    });

    it('holds a queue to its bound, and lends the rest', async () => {
      const store = await openTestStore(url);
      let bounded = 0;
      let mostBounded = 0;
      let allBusy!: () => void;
      const busy = new Promise<void>((resolve) => (allBusy = resolve));
      const runner = new ScriptRunner(async ({ started }) => {
        if (started.queue === 'bounded') mostBounded = Math.max(mostBounded, ++bounded);
        // Nobody ends before all slots are in use, however long a fetch takes.
        if (runner.most === 10) allBusy();
        await busy;
        await pause(2);
        if (started.queue === 'bounded') bounded--;
      });
      const { pool } = makePool(store, runner, queues({ bounded: [9, 2], other: 1 }));
      await Promise.all([enqueueMany(store, 'bounded', 40), enqueueMany(store, 'other', 120)]);
      await pool.start();
      await until('all are done', () => runner.outcomes.length === 160);
      expect(mostBounded).toBe(2);
      expect(runner.most).toBe(10);
    });

    it('asks an empty queue once, not once for each slot', async () => {
      const store = await openTestStore(url);
      const runner = new ScriptRunner(() => undefined);
      const { pool, grants } = makePool(store, runner, queues({ empty: 1 }));
      await pool.start();
      await until('it was asked', () => grants.length > 0);
      await until('all answers are there', () => pool.statistics().busy === 0);
      expect(grants).toEqual(['empty']);
    });
  },
  storesOfSuite(sharedStores),
);
