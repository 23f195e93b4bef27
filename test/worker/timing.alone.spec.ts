/** When jobs start that may not start at once. */
import { expect, it } from '@jest/globals';
import { until } from '../support/until.js';
import { describeOnEachStore, enqueue, enqueueMany, makePool, openTestStore, queueOf, queues } from './pool-kit.js';
import { retryOf, ScriptRunner } from './script-runner.js';
import { expectSoon } from '../support/soon.js';
import { machineSlowness, scaled } from '../support/machine.js';

describeOnEachStore('the pool', (url, kind) => {
  async function idlePool(script: ConstructorParameters<typeof ScriptRunner>[0]) {
    const store = await openTestStore(url);
    const runner = new ScriptRunner(script);
    const { pool, grants, errors } = makePool(store, runner, queues({ q: 1, other: 1 }));
    await pool.start();
    await until('it has looked', () => new Set(grants).size === 2);
    return { store, runner, pool, grants, errors, queue: queueOf(store, 'q') };
  }

  it('starts delayed jobs and retries when they are due', async () => {
    const late: number[] = [];
    const due = new Map<string, number>();
    const { store, runner } = await idlePool(({ started }) => {
      late.push(Date.now() - due.get(started.id)!);
      due.set(started.id, Date.now() + 150);
      return started.attempt === 1 ? retryOf(started, 150) : undefined;
    });
    for (let n = 0; n < 12; n++) {
      const delay = 200 + n * 60;
      const at = Date.now() + delay;
      const id = `delayed-${n}`;
      due.set(id, at);
      await enqueue(store, 'q', { id, delay });
    }
    await until('all are done', () => runner.outcomes.length === 24);
    expect(late.filter((ms) => ms < -2)).toEqual([]);
    expectSoon(`Delayed jobs and retries start late, ${kind}`, late);
  });

  it('takes nothing from a paused queue, and starts at once when it is resumed', async () => {
    const { store, runner, queue } = await idlePool(() => undefined);
    const late: number[] = [];
    for (let ended = 0; ended < 12; ended += 4) {
      await queue.pause();
      await enqueueMany(store, 'q', 3);
      await enqueue(store, 'other');
      await until('the other queue goes on', () => runner.outcomes.length === ended + 1);
      expect(runner.starts.slice(ended).map((started) => started.queue)).toEqual(['other']);
      const at = Date.now();
      await queue.resume();
      await until('they have run', () => runner.outcomes.length === ended + 4, { every: 1 });
      late.push(Date.now() - at);
    }
    expectSoon(`Jobs of a queue that is resumed have run, ${kind}`, late);
  });

  it('keeps to a rate limit, and goes on when it ends', async () => {
    const { store, runner, queue, grants } = await idlePool(() => undefined);
    await queue.setGlobalRateLimit(2, 400);
    const at = Date.now();
    const starts: number[] = [];
    await enqueueMany(store, 'q', 6);
    await until('they have run', () => {
      while (starts.length < runner.starts.length) starts.push(Date.now() - at);
      return runner.outcomes.length === 6;
    });
    // Two at once, and two more after each window.
    expect(starts[2]).toBeGreaterThanOrEqual(300);
    expect(starts[5]).toBeGreaterThanOrEqual(700);
    expect(starts[5]).toBeLessThan(scaled(30_000));
    expect(grants.length).toBeLessThan(40 * machineSlowness());
  });

  it('keeps to a bound over the fleet that was set on the queue, without waiting between jobs', async () => {
    const { store, runner, queue, grants } = await idlePool(
      () => new Promise<void>((resolve) => setTimeout(resolve, 20)),
    );
    await queue.setGlobalConcurrency(1);
    await enqueueMany(store, 'q', 20);
    const at = Date.now();
    await until('they have run', () => runner.outcomes.length === 20);
    expect(runner.most).toBe(1);
    expect(Date.now() - at).toBeLessThan(scaled(30_000));
    // PostgreSQL says at once that there is work, whether or not it may start.
    expect(grants.length).toBeLessThan(300 * machineSlowness());
  });
});
