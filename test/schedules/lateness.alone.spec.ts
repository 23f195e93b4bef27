import { expect, it } from '@jest/globals';
import { randomPrefix } from '../support/prefix.js';
import { sharedStores } from '../support/stores.js';
import { until } from '../support/until.js';
import { runsOf, startAppChild } from './kit.js';

const SCHEDULES = 20;
const FIRES = 1_000;

const stores = [...sharedStores, ['memory:', 'memory:'] as [string, string]];

it('1,000 fires of 20 schedules, on each store: late by less than 100 ms at p99', async () => {
  const jobs = Array.from({ length: SCHEDULES }, (_, n) => ({ name: `job.${n}`, schedule: 'every 1s' }));
  const children = stores.map(([, connection]) => {
    const options = { connection, prefix: randomPrefix() };
    return startAppChild({ options, jobs });
  });
  // All start at about the same moment: each store's fires come at other times of the second.
  await Promise.all(children.map((child) => child.next('ready')));
  const runs = () => children.map((child) => runsOf([child]));
  await until('all have fired', () => runs().every((each) => each.length >= FIRES), { within: 90_000, every: 500 });

  const seen = runs().map((each, index) => {
    const late = each.slice(0, FIRES).map(({ at, scheduledFor }) => at - scheduledFor!);
    const sorted = late.toSorted((a, b) => a - b);
    return { store: stores[index]![0], p50: sorted[FIRES / 2]!, p99: sorted[FIRES * 0.99 - 1]!, most: sorted.at(-1)! };
  });
  for (const { store, p50, p99, most } of seen) {
    console.info(
      `Lateness over ${FIRES} fires of ${SCHEDULES} schedules on ${store}: p50 ${p50} ms, p99 ${p99} ms, most ${most} ms`,
    );
  }
  for (const { store, p99 } of seen) expect([store, p99 < 100]).toEqual([store, true]);
}, 120_000);
