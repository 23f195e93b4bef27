import { afterEach, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { startChild, type TestChild } from '../support/child.js';
import { randomPrefix } from '../support/prefix.js';
import { sharedStores } from '../support/stores.js';
import { until } from '../support/until.js';
import { shortWork, startProducer } from './producer.js';
import { expectSoon } from '../support/soon.js';
import { WAIT } from '../support/machine.js';

let app: INestApplicationContext | undefined;
afterEach(() => app?.close());

/** Jobs of this and higher numbers are the ones whose start is measured. */
const MEASURED = 1_000;

function startOf(children: readonly TestChild[], n: number): { child: TestChild; at: number } | undefined {
  for (const child of children) {
    const event = child.events.find((each) => each.event === 'start' && each.n === n);
    if (event) return { child, at: event.at as number };
  }
  return undefined;
}

describe.each(sharedStores)('two processes, on %s', (name, store) => {
  async function startTwo(concurrency: number) {
    const prefix = randomPrefix();
    const env = { STORE: store, PREFIX: prefix, CONCURRENCY: String(concurrency), LOCK_DURATION: '30s' };
    const child = () => startChild('test/scenario/newsroom.child.ts', { env });
    const producer = await startProducer(store, prefix);
    app = producer.app;
    return { jobs: producer.jobs, child };
  }

  it('one full of long jobs: a job in an idle queue starts on the other at once, 20 times of 20', async () => {
    const { jobs, child } = await startTwo(2);
    const full = child();
    await full.next('ready');
    await jobs.enqueueMany(
      [1, 2].map((n) => ({ job: shortWork, payload: { n, ms: 3_600_000 }, options: { queue: 'low' } })),
    );
    await until('the first process is full', () => full.count('start') === 2);
    const idle = child();
    await idle.next('ready');
    const late: number[] = [];
    for (let n = MEASURED; n < MEASURED + 20; n++) {
      const enqueuedAt = Date.now();
      const handle = await jobs.enqueue(shortWork, { n, ms: 0 }, { queue: 'critical' });
      const started = await until(`job ${n} starts`, () => startOf([full, idle], n), { every: 5 });
      expect(started.child).toBe(idle);
      late.push(started.at - enqueuedAt);
      await handle.finished(WAIT);
    }
    expectSoon(`A job in an idle queue starts on another process, ${name}`, late);
  });

  it('a due job whose wake-up the one took that then filled up starts on the other at once', async () => {
    const { jobs, child } = await startTwo(1);
    const both = [child(), child()];
    await Promise.all(both.map((each) => each.next('ready')));
    const late: number[] = [];
    for (let n = MEASURED; n < MEASURED + 8; n++) {
      const dueAt = Date.now() + 400;
      const delayed = await jobs.enqueueAt(shortWork, { n, ms: 0 }, new Date(dueAt), { queue: 'critical' });
      // Either may have taken the wake-up of the delayed job, and either may take this one.
      const holding = await jobs.enqueue(shortWork, { n: n - MEASURED, ms: 800 }, { queue: 'low' });
      const started = await until(`job ${n} starts`, () => startOf(both, n), { every: 5 });
      late.push(started.at - dueAt);
      await Promise.all([delayed, holding].map((handle) => handle.finished(WAIT)));
    }
    expect(late.filter((ms) => ms < 0)).toEqual([]);
    expectSoon(`A due job starts on another process, ${name}`, late);
  });
});
