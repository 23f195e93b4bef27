import { expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import type { JobEvent } from 'nestjs-job-scheduler';
import { startChild } from '../support/child.js';
import { closedAfterEach } from '../support/closed-after-each.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { once, startProducer, threeSteps } from './producer.js';
import { onSharedStores } from '../support/stores.js';
import { scaled, WAIT } from '../support/machine.js';

/** Of a process that is killed: then another takes up its jobs. */
const LOCK_DURATION = `${scaled(2_000)}ms`;

const apps = closedAfterEach<INestApplicationContext>();

it('a process killed inside step 2 has its job finished by another, with step 1 run once', async () => {
  await onSharedStores(async (store) => {
    const prefix = randomPrefix();
    const child = (more: Record<string, string>) =>
      startChild('test/scenario/newsroom.child.ts', { env: { STORE: store, PREFIX: prefix, LOCK_DURATION, ...more } });
    const doomed = child({ HANG: 'second' });
    await doomed.next('ready');
    const producer = await startProducer(store, prefix);
    apps.push(producer.app);
    const told: JobEvent[] = [];
    const listening = producer.jobs.events().subscribe((event) => told.push(event));
    const handle = await producer.jobs.enqueue(threeSteps, { n: 1 });
    await doomed.next('second');
    const heir = child({});
    const { workerId } = await heir.next('ready');
    await doomed.kill();
    expect(await handle.finished(WAIT)).toEqual({ firstRanIn: doomed.pid });
    expect(doomed.count('first')).toBe(1);
    expect(heir.count('first')).toBe(0);
    expect(heir.events.filter(({ event }) => event === 'second')).toMatchObject([{ attempt: 1 }]);
    expect(heir.count('third')).toBe(1);
    // Whoever listens hears of it from the process that took it up.
    await until('all is told', () => told.some(({ type }) => type === 'completed'));
    const byHeir = told.filter((event) => event.workerId === workerId && event.id === handle.id);
    expect(byHeir.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['stalled', 'started', 'step', 'step', 'completed']),
    );
    listening.unsubscribe();
  });
});

it('a process killed after its handler ended, before the queue was told, does not have its job run again', async () => {
  await onSharedStores(async (store) => {
    const prefix = randomPrefix();
    const child = (more: Record<string, string>) =>
      startChild('test/scenario/newsroom.child.ts', { env: { STORE: store, PREFIX: prefix, LOCK_DURATION, ...more } });
    const doomed = child({ DIE: 'before finish' });
    await doomed.next('ready');
    const producer = await startProducer(store, prefix);
    apps.push(producer.app);
    const handle = await producer.jobs.enqueue(once);
    expect(await doomed.exited).toMatchObject({ signal: 'SIGKILL' });
    const heir = child({});
    await heir.next('ready');
    await until('the queue has been told', async () => (await producer.jobs.getQueue('default')).counts.active === 0);
    expect(await handle.finished(WAIT)).toBe('the result');
    expect([doomed.count('ran'), heir.count('ran')]).toEqual([1, 0]);
    expect((await producer.jobs.getQueue('default')).counts).toMatchObject({ completed: 1, failed: 0 });
  });
});
