/** A rolling deploy: old instances, which do not know the new one's jobs, take what it enqueues. */
import { describe, expect, it } from '@jest/globals';
import { randomPrefix } from '../support/prefix.js';
import { sharedStores } from '../support/stores.js';
import { until } from '../support/until.js';
import { call, endsOf, isWhole, runsOf, startService, tellLateness } from './kit.js';

describe.each(sharedStores)('a new version beside three old ones on %s', (store, url) => {
  it('runs its new jobs, fires its new schedule on time, and runs what starts with it once', async () => {
    const prefix = randomPrefix();
    const old = [{ name: 'old', schedule: '@yearly' }];
    await startService({ url, prefix, jobs: old, count: 3 });
    const fresh = await startService({
      url,
      prefix,
      jobs: [
        ...old,
        { name: 'plain' },
        { name: 'tick', schedule: '*/2 * * * * *', queue: 'low' },
        { name: 'first', runOnStart: true },
      ],
    });
    await call(fresh, 'enqueue', 'plain', 40);
    await until('all have run', () => runsOf(fresh, 'plain').length >= 40);
    await until('it has fired some times', () => runsOf(fresh, 'tick').length >= 6);
    await until('the first run is done', () => runsOf(fresh, 'first').length > 0);

    expect(
      runsOf(fresh, 'plain')
        .map(({ payload }) => (payload as { n: number }).n)
        .toSorted((a, b) => a - b),
    ).toEqual(Array.from({ length: 40 }, (_, n) => n));
    await until('no fire is lost or doubled', () => isWhole(runsOf(fresh, 'tick'), 2_000));
    expect(runsOf(fresh, 'first')).toHaveLength(1);
    expect(endsOf(fresh)).toEqual([]);
    tellLateness(`A new version beside three old ones on ${store}`, runsOf(fresh, 'tick'));
  });
});
