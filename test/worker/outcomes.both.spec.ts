import { expect, it } from '@jest/globals';
import type { Outcome } from '#src/execution/outcome/outcome.js';
import { JobCancelError } from '#src/errors/outcome-errors.js';
import { encodeJobId } from '#src/store/names.js';
import type { EngineQueue, Store } from '#src/store/ports/ports.js';
import { gate } from '../support/gate.js';
import { until } from '../support/until.js';
import { atEnd, describeOnEachStore, enqueue, makePool, openTestStore, queueOf, queues } from './pool-kit.js';
import { failedOf, recordOf, retryOf, type Run, ScriptRunner } from './script-runner.js';
import { sharedStores, storesOfSuite } from '../support/stores.js';

/** A pool with one queue whose jobs end as `script` says. */
async function poolWith(url: string, script: (run: Run) => unknown, concurrency = 2) {
  const store = await openTestStore(url);
  const runner = new ScriptRunner(script);
  const { pool, errors } = makePool(store, runner, queues({ q: 1 }), { concurrency });
  await pool.start();
  return { store, runner, pool, errors, queue: queueOf(store, 'q') };
}

const jobOf = (queue: EngineQueue, id: string) => queue.getJob(encodeJobId(id, 'q'));

async function recordIn(store: Store, id: string) {
  return (await store.executions.load(id))!;
}

describeOnEachStore(
  'the end of an attempt',
  (url) => {
    it('completed: leaves the queue, and its record stays', async () => {
      const { store, runner, queue, errors } = await poolWith(url, () => ({ done: true }));
      const id = await enqueue(store, 'q', { payload: { a: [1, 'x'] } });
      await until('it has left', async () => runner.outcomes.length === 1 && !(await jobOf(queue, id)));
      expect(runner.starts).toMatchObject([{ id, payload: { a: [1, 'x'] }, attempt: 1, fence: 1, maxAttempts: 4 }]);
      expect(await recordIn(store, id)).toMatchObject({ final: 'completed', fence: 1 });
      expect(errors).toEqual([]);
    });

    it('failed: stays as a dead letter, without a retry of BullMQ, after the record and what must see it', async () => {
      const seen: unknown[] = [];
      const { store, queue } = await poolWith(url, ({ started }): Outcome => {
        const onFail = async () => {
          seen.push(
            (await store.executions.load(started.id))?.final,
            await (await jobOf(queue, started.id))?.getState(),
          );
        };
        return { ...(failedOf(started, 'broken') as Outcome & { kind: 'failed' }), effects: { onFail } };
      });
      const id = await enqueue(store, 'q', { maxAttempts: 4 });
      await until('it has failed', async () => (await jobOf(queue, id))?.isFailed());
      const job = (await jobOf(queue, id))!;
      expect(job).toMatchObject({ failedReason: 'broken', attemptsMade: 1 });
      expect(job.stacktrace).toEqual([expect.stringContaining('Error: broken')]);
      expect(seen).toEqual(['failed', 'active']);
    });

    it('retry: waits for its delay, with the attempt counted and the error on it', async () => {
      const { store, runner, queue } = await poolWith(url, ({ started }) =>
        started.attempt === 1 ? retryOf(started, 3_600_000, 'once more') : undefined,
      );
      const id = await enqueue(store, 'q');
      const job = await until('it is delayed', async () => {
        const found = await jobOf(queue, id);
        // What was read while it ran is not what it is now.
        return found?.failedReason && (await found.isDelayed()) && found;
      });
      expect(job).toMatchObject({ failedReason: 'once more', attemptsMade: 1 });
      expect(job.stacktrace).toHaveLength(1);
      expect((await recordIn(store, id)).final).toBeUndefined();
      await job.promote();
      await until('it has run again', async () => !(await jobOf(queue, id)));
      expect(runner.starts.map(({ attempt, fence }) => [attempt, fence])).toEqual([
        [1, 1],
        [2, 2],
      ]);
      expect((await recordIn(store, id)).final).toBe('completed');
    });

    it('retry without a delay: runs again at once', async () => {
      const { store, runner } = await poolWith(url, ({ started }) =>
        started.attempt < 4 ? retryOf(started, 0) : undefined,
      );
      await enqueue(store, 'q');
      await until('it is done', () => runner.outcomes.length === 4);
      expect(runner.starts.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
      expect(runner.mostOfOneId).toBe(1);
    });

    it('snooze and release: run again without using an attempt', async () => {
      const ends: Outcome[] = [{ kind: 'snooze', delay: 50 }, { kind: 'requeue' }];
      // One slot: another might get it before its old run is over, and put it back once more, which counts as a start.
      const { store, runner } = await poolWith(url, () => ends.shift(), 1);
      await enqueue(store, 'q');
      await until('it is done', () => runner.outcomes.length === 3);
      expect(runner.starts.map(({ attempt, fence }) => [attempt, fence])).toEqual([
        [1, 1],
        [1, 2],
        [1, 3],
      ]);
    });

    it('cancelled: leaves the queue at once, with a failed event that says why', async () => {
      const { store, pool, queue } = await poolWith(
        url,
        ({ signal }) =>
          new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
      );
      const events = store.queues.events('q');
      atEnd(() => events.close());
      await events.waitUntilReady();
      const failed = new Promise((resolve) => events.on('failed', resolve));
      const id = await enqueue(store, 'q');
      await until('it runs', () => pool.find(id));
      expect(pool.abort('another', new JobCancelError())).toBe(false);
      expect(pool.abort(id, new JobCancelError('not wanted'))).toBe(true);
      expect(await failed).toMatchObject({ jobId: encodeJobId(id, 'q'), failedReason: 'Cancelled: not wanted' });
      await until('it has left', async () => !(await jobOf(queue, id)));
      expect(await recordIn(store, id)).toMatchObject({ final: 'cancelled' });
      await until('the pool is empty', () => pool.running().length === 0);
    });

    it('lost: the queue is told nothing', async () => {
      const { store, pool, runner, queue } = await poolWith(url, (): Outcome => ({ kind: 'lost' }));
      const id = await enqueue(store, 'q');
      await until('it has ended', () => runner.outcomes.length === 1 && pool.running().length === 0);
      expect(await (await jobOf(queue, id))?.getState()).toBe('active');
      expect(await store.executions.load(id)).toBeUndefined();
    });

    it('takes texts that a store refuses', async () => {
      const odd = 'a\0b\ud800c';
      const { store, runner, queue, errors } = await poolWith(url, ({ started }): Outcome => {
        if (started.job === 'completes') return { kind: 'completed', result: { odd }, write: undefined };
        const error = Object.assign(new Error(odd), { stack: `Error: ${odd}\n at x` });
        if (started.job === 'retries' && started.attempt === 1)
          return { kind: 'retry', delay: 0, error, write: undefined };
        return { kind: 'failed', error, write: undefined };
      });
      await enqueue(store, 'q', { job: 'completes' });
      const retries = await enqueue(store, 'q', { job: 'retries' });
      const fails = await enqueue(store, 'q', { job: 'fails' });
      await until('all are told', async () => (await queue.getFailedCount()) === 2 && runner.outcomes.length === 4);
      await until(
        'nothing is left',
        async () => (await queue.getActiveCount()) + (await queue.getWaitingCount()) === 0,
      );
      for (const id of [retries, fails]) expect((await jobOf(queue, id))?.failedReason).toBe('a\ufffdb\ufffdc');
      expect(errors.length).toBeLessThanOrEqual(1);
    });

    it('survives an error whose getters throw', async () => {
      const { store, queue } = await poolWith(url, ({ started }): Outcome => {
        const error = new Error('x');
        for (const name of ['stack', 'message'])
          Object.defineProperty(error, name, {
            get() {
              throw new TypeError('no');
            },
          });
        return { kind: 'failed', error, write: recordOf(started, 'failed') };
      });
      const id = await enqueue(store, 'q');
      await until('it has failed', async () => (await queue.getFailedCount()) === 1);
      expect((await jobOf(queue, id))?.failedReason).toBe('Error without a message');
    });

    it('fails a job that cannot be read, and goes on', async () => {
      const { store, runner, queue } = await poolWith(url, () => undefined);
      await queue.add('test', {}, { njs: '{"payload":"{cut off"}' } as object);
      await until('it has failed', async () => (await queue.getFailedCount()) === 1);
      await enqueue(store, 'q');
      await until('the next has run', () => runner.outcomes.length === 1);
      expect((await queue.getFailed())[0]?.failedReason).toMatch(/JSON/);
    });

    it('runs what plain BullMQ put into the queue', async () => {
      const { runner, queue } = await poolWith(url, () => undefined);
      await queue.add('plain', { n: 7 });
      await until('it has run', () => runner.outcomes.length === 1);
      expect(runner.starts).toMatchObject([{ job: 'plain', payload: { n: 7 }, maxAttempts: 0, trigger: 'enqueue' }]);
    });

    it('passes progress on to the queue', async () => {
      const { opened, open } = gate();
      const { store, queue } = await poolWith(url, async ({ reports }) => {
        await reports.progress({ at: 'half\0way' });
        await opened;
      });
      const id = await enqueue(store, 'q');
      const job = await until('its progress is stored', async () => {
        const found = await jobOf(queue, id);
        return found?.progress !== 0 && found;
      });
      expect(job.progress).toEqual({ at: 'halfway' });
      open();
    });

    it('does not run what must see the record, when the execution belongs to a newer run', async () => {
      let ran = 0;
      const { store, queue, runner } = await poolWith(url, async ({ started }): Promise<Outcome> => {
        await store.executions.write([{ ...recordOf(started, 'completed'), fence: started.fence + 5 }]);
        return {
          ...(failedOf(started) as Outcome & { kind: 'failed' }),
          effects: { onFail: async () => void ran++ },
        };
      });
      const id = await enqueue(store, 'q');
      await until(
        'the queue is told',
        async () => runner.outcomes.length === 1 && (await queue.getActiveCount()) === 0,
      );
      expect(ran).toBe(0);
      expect((await recordIn(store, id)).final).toBe('completed');
    });
  },
  storesOfSuite(sharedStores),
);
