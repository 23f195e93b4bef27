import { afterEach, expect, it } from '@jest/globals';
import { ScheduleService } from 'nestjs-job-scheduler';
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

const names = Array.from({ length: SCHEDULES }, (_, n) => `job.${n}`);

/** Schedules that all fire at the same moment of each second: the last of them waits for the others. */
async function startTogether(connection: string, onRun: (run: Run) => void): Promise<TestApp> {
  const jobs = names.map((name) => ({ name, schedule: 'every 1s' }));
  return startApp({ options: { connection, prefix: randomPrefix() }, jobs }, onRun);
}

/** Schedules that fire one after the other in each second. */
async function startApart(connection: string, onRun: (run: Run) => void): Promise<TestApp> {
  const jobs = names.map((name) => ({ name }));
  const started = await startApp({ options: { connection, prefix: randomPrefix() }, jobs }, onRun);
  const schedules = started.app.get(ScheduleService);
  for (const job of names) {
    const { createdAt } = (await started.store.schedules.get((await schedules.create({ job, every: '1s' })).id))!;
    await until('it is time for the next', () => Date.now() >= createdAt + 1_000 / SCHEDULES);
  }
  return started;
}

/** @returns the stores that were too late. */
async function measure(
  stores: readonly (readonly [name: string, connection: string])[],
  fires: number,
  start: typeof startTogether,
): Promise<string[]> {
  const runs = stores.map((): Run[] => []);
  for (const [index, [, connection]] of stores.entries()) {
    apps.push(await start(connection, (run) => void runs[index]!.push(run)));
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

it('1,000 fires of 20 schedules, all at once on Redis and in memory: late by less than 100 ms at p99', async () => {
  const stores = [...sharedStores.slice(0, 1), ['memory', 'memory:'] as const];
  expect(await measure(stores, 1_000, startTogether)).toEqual([]);
}, 120_000);

// All at once they keep two cores busy for 80 to 160 ms, most of it in the server.
it('300 fires of 20 schedules, one after the other on PostgreSQL: late by less than 100 ms at p99', async () => {
  expect(await measure(sharedStores.slice(1), 300, startApart)).toEqual([]);
}, 120_000);
