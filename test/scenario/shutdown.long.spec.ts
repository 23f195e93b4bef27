import { afterEach, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { startChild } from '../support/child.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { shortWork, startProducer } from './producer.js';
import { sharedStores } from '../support/stores.js';

const JOBS = 2_000;
/** Of a job that the first process never ends. Fewer of them than it has slots. */
const ENDLESS = 3_600_000;
let app: INestApplicationContext | undefined;
afterEach(() => app?.close());

describe.each(sharedStores)('SIGTERM in the middle of 2,000 jobs, on %s', (_name, store) => {
  it('loses none, uses up no attempt, and the process ends by itself', async () => {
    const prefix = randomPrefix();
    const child = (more: Record<string, string> = {}) =>
      startChild('test/scenario/newsroom.child.ts', { env: { STORE: store, PREFIX: prefix, ...more } });
    const { jobs, app: producer } = await startProducer(store, prefix);
    app = producer;
    const entries = Array.from({ length: JOBS }, (_each, n) => ({
      job: shortWork,
      // Some outlive `shutdownTimeout` and are put back.
      payload: { n, ms: n % 250 === 0 ? ENDLESS : 2 },
    }));
    await jobs.enqueueMany(entries);
    const first = child();
    await until('half of the jobs are done', () => first.count('done') >= JOBS / 2, {
      within: 60_000,
    });
    const exit = await first.signal('SIGTERM');
    expect(exit).toEqual({ code: null, signal: 'SIGTERM' });
    expect(first.count('done')).toBeLessThan(JOBS);
    const second = child({ LONGEST: '2' });
    await until('all are completed', async () => (await jobs.getQueue('default')).counts.completed === JOBS, {
      within: 90_000,
      every: 250,
    });
    const done = [...first.events, ...second.events].filter(({ event }) => event === 'done').map(({ n }) => n);
    expect(new Set(done).size).toBe(JOBS);
    const starts = [...first.events, ...second.events].filter(({ event }) => event === 'start');
    expect(starts.every(({ attempt }) => attempt === 1)).toBe(true);
    expect((await jobs.getQueue('default')).counts).toMatchObject({
      pending: 0,
      active: 0,
      completed: JOBS,
      failed: 0,
    });
  });
});
