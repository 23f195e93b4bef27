import { expect, it } from '@jest/globals';
import { startChild } from '../support/child.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { onSharedStores } from '../support/stores.js';

it('four instances with one schedule of "every 1s" run it once a second in all', async () => {
  await onSharedStores(async (store) => {
    const prefix = randomPrefix();
    const env = { STORE: store, PREFIX: prefix, TICK: 'yes' };
    const instances = Array.from({ length: 4 }, () => startChild('test/scenario/newsroom.child.ts', { env }));
    await Promise.all(instances.map((each) => each.next('ready')));
    const ticks = () => instances.flatMap((each) => each.events.filter(({ event }) => event === 'tick'));
    const from = (await until('it ticks', () => ticks()[0])).scheduledFor as number;
    const last = from + 29_000;
    await until(
      '30 s have passed',
      () => ticks().some(({ scheduledFor }) => (scheduledFor as number) >= last + 1_000),
      {
        within: 40_000,
      },
    );
    const inTime = ticks()
      .map(({ scheduledFor }) => scheduledFor as number)
      .filter((at) => at >= from && at <= last);
    expect(new Set(inTime).size).toBe(inTime.length);
    expect(Math.abs(inTime.length - 30)).toBeLessThanOrEqual(1);
  });
});
