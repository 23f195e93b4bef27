/** Versions of one service that come and go: canaries, going back, renamed jobs, removed steps. */
import { describe, expect, it } from '@jest/globals';
import type { ScheduledJob } from 'nestjs-job-scheduler';
import type { StoredSchedule } from '#src/store/ports/schedule-store.js';
import { startChild } from '../support/child.js';
import { scaled } from '../support/machine.js';
import { randomPrefix } from '../support/prefix.js';
import { sharedStores } from '../support/stores.js';
import { until } from '../support/until.js';
import { call, endsOf, runsOf, startService, type ServicePlan } from './kit.js';

const LIVE_FOR = scaled(2_000);
const timing = { every: 400, liveFor: LIVE_FOR };

describe.each(sharedStores)('versions of a service on %s', (_store, url) => {
  it('a canary that goes leaves its schedules to the next boot, and finds them as they were when it comes again', async () => {
    const prefix = randomPrefix();
    const old: ServicePlan = { url, prefix, timing, jobs: [{ name: 'both', schedule: '*/2 * * * * *' }] };
    const fresh: ServicePlan = { ...old, jobs: [...old.jobs, { name: 'extra', schedule: 'every 7m' }] };
    const first = await startService(old);
    const ids = async () => (await call<ScheduledJob[]>(first, 'schedules')).map(({ id }) => id);
    const canary = await startService(fresh);
    await call(canary, 'disable', 'code:extra');
    const before = await call<StoredSchedule>(canary, 'schedule', 'code:extra');
    await canary.signal('SIGTERM');
    const goneAt = Date.now();
    await until('it counts as away for some rounds', () => Date.now() > goneAt + LIVE_FOR + 3 * timing.every);
    expect(await ids()).toEqual(['code:both', 'code:extra']);

    const back = await startService(old);
    await until('what only the canary declared is removed', async () => (await ids()).length === 1);
    const again = await startService(fresh);
    const { version: _, updatedAt: __, ...rest } = before;
    expect(await call<StoredSchedule>(again, 'schedule', 'code:extra')).toMatchObject(rest);
    const count = () => [first, back, again].flatMap((child) => runsOf(child, 'both')).length;
    const now = count();
    await until('what all declare fires on', () => count() > now);
    expect(endsOf(first)).toEqual([]);
  });

  it('what waits under the old name of a job runs on the version that has that name again', async () => {
    const prefix = randomPrefix();
    const jobs = [{ name: 'post' }, { name: 'other' }];
    const renamed = await startService({ url, prefix, jobs, count: 2 });
    await call(renamed, 'enqueue', { jobName: 'mail' }, 5);
    await call(renamed, 'enqueue', 'other', 5);
    await until('other work goes on', () => runsOf(renamed, 'other').length >= 5);
    const both = await startService({ url, prefix, jobs: [...jobs, { name: 'mail' }] });
    await until('all have run', () => runsOf(both, 'mail').length >= 5);
    expect(runsOf(both, 'mail')).toHaveLength(5);
    expect(endsOf(both)).toEqual([]);
  });

  it('an execution goes on by the names of its steps when a version has dropped one', async () => {
    const prefix = randomPrefix();
    const start = (...steps: string[]) =>
      startChild('test/deploys/steps.child.ts', { env: { URL: url, PREFIX: prefix, STEPS: steps.join() } });
    const old = start('charge', 'print', 'wait');
    await old.next('ready');
    old.write('enqueue');
    await old.next('step', { accepts: ({ name }) => name === 'wait' });
    await old.kill();
    const fresh = start('mail', 'charge');
    await fresh.next('done');
    expect(fresh.events.filter(({ event }) => event === 'step').map(({ name }) => name)).toEqual(['mail']);
  });
});
