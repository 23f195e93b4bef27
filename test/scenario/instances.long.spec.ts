import { expect, it } from '@jest/globals';
import { startChild } from '../support/child.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { onSharedStores } from '../support/stores.js';

const SECONDS = 10;

it('four instances with one schedule of "every 1s" run it once a second in all', async () => {
  await onSharedStores(async (store) => {
    const prefix = randomPrefix();
    const env = { STORE: store, PREFIX: prefix, TICK: 'yes' };
    const instances = Array.from({ length: 4 }, () => startChild('test/scenario/newsroom.child.ts', { env }));
    await Promise.all(instances.map((each) => each.next('ready')));
    const ticks = () => instances.flatMap((each) => each.events.filter(({ event }) => event === 'tick'));
    const times = () => ticks().map(({ scheduledFor }) => scheduledFor as number);
    await until('it ticks', () => times().length > 0);
    // One that began before the first that told of its tick may tell of it later.
    const wanted = () => {
      const from = Math.min(...times());
      return Array.from({ length: SECONDS }, (_, n) => from + n * 1_000);
    };
    // A late one is none that is missing.
    await until('each second has its run', () => wanted().every((at) => times().includes(at)));
    await until('a later one has run', () => Math.max(...times()) > wanted().at(-1)!);
    expect(
      times()
        .filter((at) => at <= wanted().at(-1)!)
        .toSorted((a, b) => a - b),
    ).toEqual(wanted());
  });
});
