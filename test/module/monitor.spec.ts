/** How well jobs are, and what waits and runs, by the queues. */
import { describe, expect, it } from '@jest/globals';
import { SystemClock } from 'nestjs-job-scheduler';
import { sharedStores } from '../support/stores.js';
import { until } from '../support/until.js';
import { startApp, settled, gated } from './history-kit.js';

/** A clock that can be put ahead. */
class ShiftedClock extends SystemClock {
  shift = 0;
  override now(): number {
    return super.now() + this.shift;
  }
}

describe('JobMonitor', () => {
  it('a job is well while its last run completed', async () => {
    let broken = true;
    const turns = () => (broken ? Promise.reject(new Error('no')) : Promise.resolve());
    const { jobs, monitor } = await startApp({ turns: { retry: 0, handler: turns }, idle: () => 1 });
    expect(await monitor.healthCheck()).toEqual({ turns: true, idle: true });
    await settled(await jobs.enqueue('turns', undefined));
    expect(await monitor.healthCheck()).toEqual({ turns: false, idle: true });
    expect(await monitor.failureRate('turns')).toBe(1);
    broken = false;
    for (let n = 0; n < 3; n++) await settled(await jobs.enqueue('turns', undefined));
    expect(await monitor.healthCheck()).toEqual({ turns: true, idle: true });
    expect(await monitor.failureRate('turns')).toBe(0.25);
    expect(await monitor.failureRate('idle')).toBe(0);
    expect(await monitor.averageLatency('turns')).toBeGreaterThanOrEqual(0);
    expect(await monitor.averageLatency('idle')).toBe(0);
    await expect(monitor.failureRate('trns')).rejects.toMatchObject({ code: 'JOB_UNKNOWN' });
  });

  it('a job is not well while a fire of its schedule is overdue', async () => {
    const clock = new ShiftedClock();
    const { jobs, monitor } = await startApp({ late: { schedule: 'every 45m', handler: () => 1 } }, {}, clock);
    expect(await monitor.healthCheck()).toEqual({ late: true });
    // Nobody fires it any more.
    await jobs.stop();
    clock.shift = 45 * 60_000 + 30_000;
    expect(await monitor.healthCheck()).toEqual({ late: true });
    clock.shift += 60_000;
    expect(await monitor.healthCheck()).toEqual({ late: false });
  });
});

describe.each(sharedStores)('on %s', (_name, connection) => {
  it('what runs and waits is read from the queues', async () => {
    const { open, seen, handler } = gated();
    const { jobs, history } = await startApp({ one: handler }, { connection, concurrency: 1 });
    const [first, second] = [await jobs.enqueue('one', 1), await jobs.enqueue('one', 2, { priority: 5 })];
    await until('one runs', () => seen.length === 1);
    const { items: running } = await history.find({ status: 'running', job: 'one' });
    expect(running).toMatchObject([{ id: seen[0], status: 'running', workerId: jobs.workerId }]);
    const { items: pending } = await history.find({ status: 'pending', job: 'one' });
    expect(pending.map(({ id }) => id)).toEqual([first, second].map(({ id }) => id).filter((id) => id !== seen[0]));
    open();
    await Promise.all([first.finished(), second.finished()]);
    expect((await history.find({ status: 'running' })).items).toEqual([]);
    expect(await history.getExecutions('one')).toHaveLength(2);
  });

  it('what waits in a paused queue waits', async () => {
    const { jobs, history } = await startApp({ one: () => 1 }, { connection });
    await jobs.pauseQueue('default');
    const { id } = await jobs.enqueue('one', undefined);
    expect((await history.find({ status: 'pending' })).items).toMatchObject([{ id, status: 'pending' }]);
    expect(await history.getExecution(id)).toMatchObject({ status: 'pending' });
  });

  it('with a count of 0, and without history, nothing is left of what has ended; the one is counted', async () => {
    let ran = 0;
    const handler = () => ++ran;
    const counted = await startApp({ one: { retention: { count: 0 }, handler } }, { connection });
    const uncounted = await startApp({ one: handler }, { connection, history: false });
    for (const { jobs, history, total } of [
      { ...counted, total: 30 },
      { ...uncounted, total: 0 },
    ]) {
      ran = 0;
      const handles = await jobs.enqueueMany(Array.from({ length: 30 }, () => ({ job: 'one', payload: undefined })));
      await until('all ran, and none is in its queue', async () => {
        const statuses = await Promise.all(handles.map(({ id }) => history.getExecution(id)));
        return ran === 30 && statuses.every((status) => status === undefined);
      });
      expect(await history.getExecutions('one')).toEqual([]);
      expect(await history.getStats('one')).toMatchObject({ total, completed: total });
    }
  });
});
