/** What each policy does over a downtime of three fires, on each store; docs/misfire.md is made from it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Logger, type INestApplicationContext } from '@nestjs/common';
import { fireId } from '#src/scheduling/tick-queue.js';
import type { Store } from '#src/store/ports/ports.js';
import { figure } from '../support/figure.js';
import { randomPrefix } from '../support/prefix.js';
import { sharedStores } from '../support/stores.js';
import { scaled } from '../support/machine.js';
import { until } from '../support/until.js';
import { startApp, type AppPlan, type Run } from './app.js';
import { runsOf, startAppChild } from './kit.js';
import { misfirePage, POLICIES, type Policy, type Seen } from './misfire-page.js';

Logger.overrideLogger(false);

const PAGE = 'docs/misfire.md';
interface Pace {
  readonly every: number;
  readonly threshold: number;
}
/**
 * A machine has most of an interval to start again in, after f3 and before f4 is missed, too. One that halts for longer
 * gets longer intervals.
 */
const PACES: readonly Pace[] = [1, 3, 9].map((n) => ({ every: scaled(4_000) * n, threshold: scaled(1_500) * n }));

const RIGHT: Seen = {
  skip: ['skipped: misfire', 'skipped: misfire', 'skipped: misfire', 'schedule'],
  once: ['skipped: misfire', 'skipped: misfire', 'catch-up', 'schedule'],
  all: ['catch-up', 'catch-up', 'catch-up', 'schedule'],
};

const opened: INestApplicationContext[] = [];
const directory = mkdtempSync(join(tmpdir(), 'misfire-'));
afterAll(async () => {
  await Promise.all(opened.splice(0).map((app) => app.close()));
  rmSync(directory, { recursive: true, force: true });
});

function plan(connection: string, { every, threshold }: Pace): AppPlan {
  return {
    // One slot: what is put into the queue in order then also starts in order.
    options: { connection, prefix: randomPrefix(), autoStart: false, concurrency: 1 },
    jobs: POLICIES.map((misfire) => ({
      name: misfire,
      misfire,
      misfireThreshold: threshold,
      schedule: `every ${every}ms`,
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

/** When f1, f2 and f3 are over, and missed. */
const missed = (f0: number, { every, threshold }: Pace) =>
  until('f3 is missed', () => Date.now() >= f0 + 3 * every + threshold + 200, { within: 3 * every + 60_000 });

async function collect(store: Store, runs: () => readonly Run[], f0: number, { every }: Pace): Promise<Seen> {
  const fires = [1, 2, 3, 4].map((n) => f0 + n * every);
  const became = async (policy: Policy, at: number) => {
    const found = of(runs(), policy, at);
    expect(found.length).toBeLessThanOrEqual(1);
    if (found[0]) return found[0].trigger;
    const record = await store.executions.load(fireId(`code:${policy}`, at));
    return record?.final === 'skipped' ? `skipped: ${record.head?.reason}` : 'nothing';
  };
  const all = POLICIES.map(async (policy) => {
    await until(`f4 of ${policy} is over`, async () => (await became(policy, fires[3]!)) !== 'nothing');
    return [policy, await Promise.all(fires.map((at) => became(policy, at)))] as const;
  });
  const seen = Object.fromEntries(await Promise.all(all)) as unknown as Seen;
  const caughtUp = runs().filter(({ job, trigger }) => job === 'all' && trigger === 'catch-up');
  const inOrder = caughtUp.map(({ scheduledFor }) => scheduledFor!);
  expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b));
  return seen;
}

/** What was seen at the first pace that the machine kept, or at the slowest. */
async function inTime(scenario: (pace: Pace) => Promise<Seen>): Promise<Seen> {
  for (const pace of PACES.slice(0, -1)) {
    const seen = await scenario(pace);
    if (isDeepStrictEqual(seen, RIGHT)) return seen;
    figure(
      `A downtime of three fires at intervals of ${pace.every} ms: the machine halted, or a fire was lost: once more`,
    );
  }
  return scenario(PACES.at(-1)!);
}

async function killedFleet(connection: string, pace: Pace): Promise<Seen> {
  const planned = plan(connection, pace);
  const first = startAppChild(planned);
  await first.next('ready');
  first.write('start');
  const f0 = await until('the first fire', () => commonFire(runsOf([first])));
  await first.kill();
  const second = startAppChild(planned);
  await second.next('ready');
  await missed(f0, pace);
  second.write('start');
  const { app, store } = await startApp({ ...planned, jobs: [] }, () => undefined);
  opened.push(app);
  return collect(store, () => runsOf([first, second]), f0, pace);
}

async function stoppedProcess(connection: string, pace: Pace): Promise<Seen> {
  const runs: Run[] = [];
  const { app, jobs, store, runtime } = await startApp(plan(connection, pace), (run) => void runs.push(run));
  opened.push(app);
  await jobs.start();
  const f0 = await until('the first fire', () => commonFire(runs));
  await jobs.stop();
  await missed(f0, pace);
  await jobs.start();
  const outcome = await collect(store, () => runs, f0, pace);
  // After a downtime everything is overdue: nothing was broken.
  expect(runtime.repairs.recent()).toEqual([]);
  await app.close();
  return outcome;
}

const seen = new Map<string, Seen>();
beforeAll(async () => {
  // To make a file store holds this process up for seconds: by itself. The others mostly wait: at once.
  seen.set('`file:`', await inTime((pace) => stoppedProcess(`file:${directory}/${pace.every}`, pace)));
  const others = [
    ...sharedStores.map(([name, url]) => [name, (pace: Pace) => killedFleet(url, pace)] as const),
    ['`memory:`', (pace: Pace) => stoppedProcess('memory:', pace)] as const,
  ];
  await Promise.all(others.map(async ([name, scenario]) => seen.set(name, await inTime(scenario))));
});

const stores = [...sharedStores.map(([name]) => name), '`file:`', '`memory:`'];
it.each(stores)('a downtime of three fires, on %s', (name) => {
  expect(seen.get(name)).toEqual(RIGHT);
});

// `UPDATE_DOCS=1` writes the page.
it('what was seen stands in docs/misfire.md', () => {
  // The page tells of all stores.
  if (!process.env.TEST_POSTGRES_URL) return;
  const page = misfirePage(new Map(stores.map((name) => [name, seen.get(name)!])));
  if (process.env.UPDATE_DOCS) writeFileSync(PAGE, page);
  expect(readFileSync(PAGE, 'utf8')).toBe(page);
});
