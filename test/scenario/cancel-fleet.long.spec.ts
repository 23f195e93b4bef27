/** Cancelling between processes. */
import { describe, expect, it } from '@jest/globals';
import { SystemClock } from '#src/common/clock.js';
import { openStore } from '#src/store/open-store.js';
import type { Store } from '#src/store/ports/ports.js';
import { startChild, type ChildEvent, type TestChild } from '../support/child.js';
import { closedAfterEach } from '../support/closed-after-each.js';
import { randomPrefix } from '../support/prefix.js';
import { sharedStores } from '../support/stores.js';
import { until } from '../support/until.js';
import { expectSoon } from '../support/soon.js';
import { figure } from '../support/figure.js';
import { ceiling, scaled } from '../support/machine.js';

const RUNS = 20;

const opened = closedAfterEach<Store>();

const ofId = (id: string) => ({ accepts: (event: ChildEvent) => event.id === id });

describe.each(sharedStores)('process A cancels what process B has, on %s', (name, url) => {
  /** @param lockDuration short where a process is killed. */
  async function fleet(lockDuration = '1m') {
    const prefix = randomPrefix();
    const env = { STORE: url, PREFIX: prefix, LOCK_DURATION: lockDuration };
    const start = (role: string) => startChild('test/scenario/fleet.child.ts', { env: { ...env, ROLE: role } });
    const [a, b] = [start('producer'), start('worker')];
    const [{ workerId: idOfA }, { workerId: idOfB }] = await Promise.all([a.next('ready'), b.next('ready')]);
    const store = await openStore({ connection: url, prefix, clock: new SystemClock() });
    opened.push(store);
    return { a, b, idOfA, idOfB, start, record: (id: string) => store.executions.load(id) };
  }

  async function run(a: TestChild, b: TestChild, job: string, id: string): Promise<void> {
    a.write(`enqueue ${job} ${id}`);
    await b.next('started', ofId(id));
  }

  async function cancel(a: TestChild, id: string, reason = 'by-hand') {
    a.write(`cancel ${id} ${reason}`);
    return (await a.next('cancel done', ofId(id))) as unknown as { at: number; answer: boolean; took: number };
  }

  it('a running job is aborted without waiting for a look of its process, and its record says who and why', async () => {
    const { a, b, idOfA, idOfB, record } = await fleet();
    const delays: number[] = [];
    for (let n = 0; n < RUNS; n++) {
      const id = `run-${n}`;
      await run(a, b, 'obey', id);
      const asked = await cancel(a, id, 'not-needed');
      const aborted = await b.next('aborted', ofId(id));
      expect(asked.answer).toBe(true);
      expect(aborted).toMatchObject({ reason: 'not-needed', by: idOfA, name: 'JobCancelError' });
      delays.push((aborted.at as number) - asked.at);
      const stored = await until('it is recorded', async () => {
        const found = await record(id);
        return found?.final && found;
      });
      expect(stored).toMatchObject({
        final: 'cancelled',
        head: { reason: 'not-needed', cancelledBy: idOfA },
        attempts: [{ workerId: idOfB }],
      });
    }
    expectSoon(`Cancel over processes on ${name}, until aborted`, delays);
  });

  it('one that ignores its signal ends as cancelled; what waits, is delayed or retries is taken out', async () => {
    const { a, b, idOfA, record } = await fleet();
    await Promise.all([run(a, b, 'deaf', 'deaf'), run(a, b, 'broken', 'retrying')]);
    expect((await cancel(a, 'deaf')).answer).toBe(true);
    a.write('status deaf');
    expect(await a.next('status done')).toMatchObject({ status: 'running' });
    b.write('release');
    await b.next('ended', ofId('deaf'));

    a.write('delay obey later');
    await a.next('delay done', ofId('later'));
    await until('it waits for its retry', async () => (await record('retrying'))?.attempts.length === 1);
    expect((await cancel(a, 'later')).answer).toBe(true);
    expect((await cancel(a, 'retrying')).answer).toBe(true);
    for (const id of ['deaf', 'later', 'retrying']) {
      const stored = await until(`${id} is recorded`, async () => {
        const found = await record(id);
        return found?.final && found;
      });
      expect(stored).toMatchObject({ final: 'cancelled', head: { reason: 'by-hand', cancelledBy: idOfA } });
      expect(stored.head!.result).toBeUndefined();
    }
  });

  it('a run of a process that was killed is taken out when no process answers and its lock has run out', async () => {
    const { a, b, start, record } = await fleet(`${scaled(2_000)}ms`);
    await run(a, b, 'obey', 'orphan');
    await b.kill();
    const killedAt = performance.now();
    // One call looks for two seconds; on a slow machine the lock is longer.
    for (let call = 1, answer = false; !answer; call++) {
      a.write('cancel orphan by-hand');
      await until('it is answered', () => a.count('cancel done') === call);
      answer = a.events.findLast(({ event }) => event === 'cancel done')!.answer as boolean;
      expect(performance.now() - killedAt).toBeLessThan(ceiling(60_000));
    }
    figure(`Cancel of an orphan on ${name}: taken out after ${Math.round(performance.now() - killedAt)} ms`);
    expect(await record('orphan')).toMatchObject({ final: 'cancelled' });
    const other = start('worker');
    await other.next('ready');
    await run(a, other, 'obey', 'after');
    expect((await cancel(a, 'after')).answer).toBe(true);
    expect(other.events.filter(({ event, id }) => event === 'started' && id === 'orphan')).toEqual([]);
  });
});
