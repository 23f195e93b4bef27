/** Several services, of different code, on one prefix. */
import { describe, expect, it } from '@jest/globals';
import type { ScheduledJob } from 'nestjs-job-scheduler';
import type { StoredSchedule } from '#src/store/ports/schedule-store.js';
import { scaled } from '../support/machine.js';
import { randomPrefix } from '../support/prefix.js';
import { sharedStores } from '../support/stores.js';
import { until } from '../support/until.js';
import { call, endsOf, isWhole, runsOf, startService, tellLateness, type ServicePlan } from './kit.js';

const LIVE_FOR = scaled(2_500);
const timing = { every: 400, liveFor: LIVE_FOR };

describe.each(sharedStores)('a service beside nine processes of another on %s', (store, url) => {
  it('has its fires on time and with their options, and finds its schedules as they were when it comes back', async () => {
    const prefix = randomPrefix();
    const service: ServicePlan = {
      url,
      prefix,
      timing,
      jobs: [
        // In the queue that both services have.
        { name: 'tick', schedule: '*/2 * * * * *' },
        { name: 'quiet', schedule: 'every 7m' },
        // The other service has no such queue.
        { name: 'own', schedule: '*/3 * * * * *', queue: 'own' },
      ],
      options: { queues: { default: 3, own: 1 } },
    };
    const first = await startService(service);
    const others = await startService({
      url,
      prefix,
      timing,
      jobs: [{ name: 'other', schedule: '@yearly' }],
      count: 9,
    });
    const count = runsOf(first, 'tick').length;
    await until('it has fired beside the other one', () => runsOf(first, 'tick').length >= count + 6);
    await until('the other job has, too', () => runsOf(first, 'own').length >= 3);
    tellLateness(`A service beside nine processes of another on ${store}`, [
      ...runsOf(first, 'tick').slice(count),
      ...runsOf(first, 'own'),
    ]);

    await call(first, 'disable', 'code:quiet');
    const before = await call<StoredSchedule>(first, 'schedule', 'code:quiet');
    await first.signal('SIGTERM');
    const goneAt = Date.now();
    await until('it counts as away for some rounds', () => Date.now() > goneAt + LIVE_FOR + 3 * timing.every);
    const left = await call<ScheduledJob[]>(others, 'schedules');
    expect(left.map(({ id }) => id)).toEqual(['code:other', 'code:own', 'code:quiet', 'code:tick']);

    const second = await startService(service);
    await until('what was due meanwhile has run, and it fires again', () => {
      const runs = runsOf(second, 'tick');
      return runs.some(({ scheduledFor, at }) => scheduledFor! > goneAt + LIVE_FOR && at - scheduledFor! < 2_000);
    });
    expect(await call(second, 'schedule', 'code:quiet')).toEqual(before);
    for (const [job, every] of [
      ['tick', 2_000],
      ['own', 3_000],
    ] as const) {
      // Some rest for up to five seconds, after they have been with all processes of the other service.
      await until(`no fire of ${job} is lost or doubled`, () => {
        const runs = [...runsOf(first, job), ...runsOf(second, job)];
        return runs.some(({ scheduledFor }) => scheduledFor! > goneAt) && isWhole(runs, every);
      });
    }
    expect([...endsOf(first), ...endsOf(others), ...endsOf(second)]).toEqual([]);
  });
});
