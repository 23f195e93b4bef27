/** What each policy does over a downtime of three fires, on each store; docs/misfire.md is made from it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Logger, type INestApplicationContext } from '@nestjs/common';
import { fireId } from '../../libs/job-scheduler/src/scheduling/tick-queue.js';
import type { Store } from '../../libs/job-scheduler/src/store/ports.js';
import { randomPrefix } from '../support/prefix.js';
import { sharedStores } from '../support/stores.js';
import { scaled } from '../support/machine.js';
import { until } from '../support/until.js';
import { startApp, type AppPlan, type Run, type TestApp } from './app.js';
import { runsOf, startAppChild } from './kit.js';
import { misfirePage, POLICIES, type Policy, type Seen } from './misfire-page.js';

Logger.overrideLogger(false);

const PAGE = 'docs/misfire.md';
/** A machine has most of an interval to start again in, after f3 and before f4 is missed, too. */
const EVERY = scaled(4_000);
const THRESHOLD = scaled(1_500);

const opened: INestApplicationContext[] = [];
const directory = mkdtempSync(join(tmpdir(), 'misfire-'));
afterAll(async () => {
  await Promise.all(opened.splice(0).map((app) => app.close()));
  rmSync(directory, { recursive: true, force: true });
});

function plan(connection: string): AppPlan {
  return {
    // One slot: what is put into the queue in order then also starts in order.
    options: { connection, prefix: randomPrefix(), autoStart: false, concurrency: 1 },
    jobs: POLICIES.map((misfire) => ({
      name: misfire,
      misfire,
      misfireThreshold: THRESHOLD,
      schedule: `every ${EVERY}ms`,
    })),
    timing: { grace: 1_000 },
  };
}

/** Runs of one policy's job for one nominal time. */
const of = (runs: readonly Run[], policy: Policy, at: number) =>
  runs.filter(({ job, scheduledFor }) => job === policy && scheduledFor === at);

/** A time that has fired for all policies. */
function commonFire(runs: readonly Run[]): number | undefined {
  const fired = (at: number) => POLICIES.every((policy) => of(runs, policy, at).length === 1);
  return runs.map(({ scheduledFor }) => scheduledFor!).find(fired);
}

const past = (time: number) => until('it is time', () => Date.now() >= time, { within: 60_000 });

async function collect(store: Store, runs: () => readonly Run[], f0: number): Promise<Seen> {
  const fires = [1, 2, 3, 4].map((n) => f0 + n * EVERY);
  await until('f4 has run', () => POLICIES.every((policy) => of(runs(), policy, fires[3]!).length > 0));
  const all = POLICIES.map(async (policy) => {
    const became = fires.map(async (at) => {
      const found = of(runs(), policy, at);
      expect(found.length).toBeLessThanOrEqual(1);
      if (found[0]) return found[0].trigger;
      const record = await store.executions.load(fireId(`code:${policy}`, at));
      return record?.final === 'skipped' ? `skipped: ${record.head?.reason}` : 'nothing';
    });
    return [policy, await Promise.all(became)] as const;
  });
  const inOrder = runs().filter(({ job, trigger }) => job === 'all' && trigger === 'catch-up');
  expect(inOrder.map(({ scheduledFor }) => scheduledFor)).toEqual(fires.slice(0, 3));
  return Object.fromEntries(await Promise.all(all)) as unknown as Seen;
}

async function killedFleet(connection: string): Promise<Seen> {
  const planned = plan(connection);
  const first = startAppChild(planned);
  await first.next('ready');
  first.write('start');
  const f0 = await until('the first fire', () => commonFire(runsOf([first])));
  await first.kill();
  const second = startAppChild(planned);
  await second.next('ready');
  await past(f0 + 3 * EVERY + THRESHOLD + 200);
  second.write('start');
  const { app, store } = await startApp({ ...planned, jobs: [] }, () => undefined);
  opened.push(app);
  return collect(store, () => runsOf([first, second]), f0);
}

/** @returns what is to be called when nothing else holds up this process: to make a file store takes it seconds. */
async function stoppedProcess(connection: string): Promise<() => Promise<Seen>> {
  const runs: Run[] = [];
  const started = await startApp(plan(connection), (run) => void runs.push(run));
  opened.push(started.app);
  return () => stopOverFires(started, runs);
}

async function stopOverFires({ jobs, store, runtime }: TestApp, runs: readonly Run[]): Promise<Seen> {
  await jobs.start();
  const f0 = await until('the first fire', () => commonFire(runs));
  await jobs.stop();
  await past(f0 + 3 * EVERY + THRESHOLD + 200);
  await jobs.start();
  const outcome = await collect(store, () => runs, f0);
  // After a downtime everything is overdue: nothing was broken.
  expect(runtime.repairs.recent()).toEqual([]);
  return outcome;
}

const stores = [...sharedStores.map(([name]) => name), '`file:`', '`memory:`'];
const seen = new Map<string, Seen>();
// They mostly wait: all at once.
beforeAll(async () => {
  const file = await stoppedProcess(`file:${directory}/data`);
  const memory = await stoppedProcess('memory:');
  const outcomes = await Promise.all([...sharedStores.map(([, url]) => killedFleet(url)), file(), memory()]);
  for (const [index, name] of stores.entries()) seen.set(name, outcomes[index]!);
});

it.each(stores)('a downtime of three fires, on %s', (name) => {
  expect(seen.get(name)).toEqual({
    skip: ['skipped: misfire', 'skipped: misfire', 'skipped: misfire', 'schedule'],
    once: ['skipped: misfire', 'skipped: misfire', 'catch-up', 'schedule'],
    all: ['catch-up', 'catch-up', 'catch-up', 'schedule'],
  });
});

// `UPDATE_DOCS=1` writes the page.
it('what was seen stands in docs/misfire.md', () => {
  // The page tells of all stores.
  if (!process.env.TEST_POSTGRES_URL) return;
  const page = misfirePage(seen);
  if (process.env.UPDATE_DOCS) writeFileSync(PAGE, page);
  expect(readFileSync(PAGE, 'utf8')).toBe(page);
});
