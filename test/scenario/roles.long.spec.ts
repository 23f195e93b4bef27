/** A fleet of processes with a role each. */
import { describe, expect, it } from '@jest/globals';
import { startChild, type ChildEvent, type TestChild } from '../support/child.js';
import { randomPrefix } from '../support/prefix.js';
import { sharedStores } from '../support/stores.js';
import { until } from '../support/until.js';

const ofId = (id: string) => ({ accepts: (event: ChildEvent) => event.id === id });

describe.each(sharedStores)('two producers, a scheduler and one worker, on %s', (_name, store) => {
  it('the worker runs what all of them enqueue, and no other process runs or fires anything', async () => {
    const prefix = randomPrefix();
    const start = (role: string) =>
      startChild('test/scenario/fleet.child.ts', { env: { STORE: store, PREFIX: prefix, ROLE: role, TICK: 'yes' } });
    const producers = [start('producer'), start('producer')];
    const scheduler = start('scheduler');
    const ready = await Promise.all([...producers, scheduler].map((child) => child.next('ready')));
    expect(ready.map(({ isRunning }) => isRunning)).toEqual([false, false, true]);

    const enqueue = async (child: TestChild, id: string) => {
      child.write(`enqueue hello ${id}`);
      await child.next('enqueue done', ofId(id));
    };
    await Promise.all([enqueue(producers[0]!, 'one'), enqueue(producers[1]!, 'two'), enqueue(scheduler, 'three')]);
    producers[0]!.write('report');
    expect(await producers[0]!.next('report done')).toMatchObject({
      isRunning: false,
      roles: ['producer'],
      worker: { state: 'none', fleet: 0 },
    });

    const worker = start('worker,producer');
    await worker.next('ready');
    await Promise.all(['one', 'two', 'three'].map((id) => worker.next('ran', ofId(id))));
    const second = await until('it ticks twice', () => worker.events.filter(({ event }) => event === 'ticked')[1]);
    expect(second).toBeDefined();

    // The schedules do not depend on the worker, nor the worker on them.
    await scheduler.signal('SIGTERM');
    await enqueue(producers[1]!, 'four');
    await worker.next('ran', ofId('four'));
    await worker.kill();
    const other = start('worker');
    await other.next('ready');
    await enqueue(producers[0]!, 'five');
    await other.next('ran', ofId('five'));
    for (const child of [...producers, scheduler]) expect([child.count('ran'), child.count('ticked')]).toEqual([0, 0]);
    expect(await producers[0]!.signal('SIGTERM')).toMatchObject({ signal: 'SIGTERM' });
  });
});
