import { afterEach, expect, it } from '@jest/globals';
import { randomPrefix } from '../support/prefix.js';
import { sharedStores } from '../support/stores.js';
import { until } from '../support/until.js';
import { startApp, type Run, type TestApp } from './app.js';

const SCHEDULES = 20;
/** Of the first seconds, in which the process still compiles what it runs. */
const WARM_UP = 3 * SCHEDULES;

const apps: TestApp[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map(({ app }) => app.close()));
});

/**
 * All schedules of a store fire at the same moment of each second: the last of them waits for the others.
 * @returns the stores that were too late.
 */
async function measure(
  stores: readonly (readonly [name: string, connection: string])[],
  fires: number,
): Promise<string[]> {
  const jobs = Array.from({ length: SCHEDULES }, (_, n) => ({ name: `job.${n}`, schedule: 'every 1s' }));
  const runs = stores.map((): Run[] => []);
  for (const [index, [, connection]] of stores.entries()) {
    const options = { connection, prefix: randomPrefix() };
    apps.push(await startApp({ options, jobs }, (run) => void runs[index]!.push(run)));
  }
  const enough = () => runs.every((each) => each.length >= WARM_UP + fires);
  await until('all have fired', enough, { within: 90_000, every: 1_000 });

  const all = runs.map((each, index) => {
    const late = each
      .slice(WARM_UP, WARM_UP + fires)
      .map(({ at, scheduledFor }) => at - scheduledFor!)
      .toSorted((a, b) => a - b);
    return { store: stores[index]![0], p50: late[fires / 2]!, p99: late[fires * 0.99 - 1]!, most: late.at(-1)! };
  });
  for (const { store, p50, p99, most } of all) {
    console.info(
      `Lateness over ${fires} fires of ${SCHEDULES} schedules on ${store}: p50 ${p50} ms, p99 ${p99} ms, most ${most} ms`,
    );
  }
  return all.filter(({ p99 }) => p99 >= 100).map(({ store }) => store);
}

it('1,000 fires of 20 schedules on Redis and in memory: late by less than 100 ms at p99', async () => {
  expect(await measure([...sharedStores.slice(0, 1), ['memory', 'memory:']], 1_000)).toEqual([]);
}, 120_000);

// By itself, where it is installed: its server does more of the work, on the same cores.
it('300 fires of 20 schedules on PostgreSQL: late by less than 100 ms at p99', async () => {
  expect(await measure(sharedStores.slice(1), 300)).toEqual([]);
}, 120_000);
