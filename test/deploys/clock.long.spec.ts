/** A process whose clock is set for eight seconds, alone and beside another. */
import { describe, expect, it } from '@jest/globals';
import { randomPrefix } from '../support/prefix.js';
import { sharedStores } from '../support/stores.js';
import { until } from '../support/until.js';
import { call, endsOf, runsOf, startService, type ServicePlan } from './kit.js';

const DAY = 86_400_000;
const HOUR = 3_600_000;
/** Milliseconds. */
const WRONG_FOR = 8_000;

describe.each(sharedStores)('a clock that is set for eight seconds on %s', (_name, url) => {
  it.each([
    ['a day ahead, beside another process', DAY, 2],
    ['an hour ahead', HOUR, 1],
    ['an hour back', -HOUR, 1],
  ])('%s: its schedule fires on, at the right times, and that is told', async (_what, by, processes) => {
    const plan: ServicePlan = {
      url,
      prefix: randomPrefix(),
      jobs: [{ name: 'tick', schedule: '*/2 * * * * *' }],
      timing: { every: 1_000 },
    };
    const all = await Promise.all(Array.from({ length: processes }, () => startService(plan)));
    const [wrong] = all as [(typeof all)[0]];
    const runs = () => all.flatMap((child) => runsOf(child, 'tick'));
    await until('it fires', () => runs().length > 1);
    await call(wrong, 'setClock', by, WRONG_FOR);
    const rightAt = Date.now();
    await until(
      'it fires on, some times',
      () => runs().filter(({ at }) => at > rightAt && at < rightAt + HOUR / 2).length > 4,
    );

    // By the clock of this process, which is right.
    const later = runs().filter(({ scheduledFor }) => scheduledFor! > rightAt + 2_000);
    expect(later.filter(({ scheduledFor }) => scheduledFor! > Date.now() + 1_000)).toEqual([]);
    const times = later.map(({ scheduledFor }) => scheduledFor! / 2_000).toSorted((a, b) => a - b);
    expect(new Set(times).size).toBe(times.length);
    expect(wrong.output).toContain('The clock of this process is');
    expect(endsOf(wrong).filter(({ type }) => type === 'failed')).toEqual([]);
  });
});
