/** A process that dies between the claim of a fire and its enqueueing: no other tick knows of that fire. */
import { beforeAll, expect, it } from '@jest/globals';
import type { TestChild } from '../support/child.js';
import { randomPrefix } from '../support/prefix.js';
import { sharedStores } from '../support/stores.js';
import { until } from '../support/until.js';
import type { AppPlan, Run } from './app.js';
import { runsOf, startAppChild } from './kit.js';
import { scaled } from '../support/machine.js';

const THRESHOLD = scaled(1_000);
const EVERY = 2 * THRESHOLD;

const plan = (connection: string): AppPlan => ({
  options: { connection, prefix: randomPrefix(), autoStart: false, lockDuration: scaled(1_000) },
  jobs: [{ name: 'tick', schedule: `every ${EVERY}ms`, misfire: 'all', misfireThreshold: THRESHOLD }],
  // Only the gate's own tick can bring the fire back.
  timing: { grace: 600_000 },
});

async function startOne(planned: AppPlan, env?: Record<string, string>): Promise<TestChild> {
  const child = startAppChild(planned, env);
  await child.next('ready');
  return child;
}

interface Seen {
  readonly runs: readonly Run[];
  /** The nominal time up to which the dead process had claimed. */
  readonly claimed: number;
}

/** @returns what ran, once nothing is missing up to a fire after the claimed ones. */
async function dieAndGoOn(planned: AppPlan, first?: TestChild): Promise<Seen> {
  const dying = await startOne(planned, { DIES_AT_CLAIM: '1' });
  const heir = await startOne(planned);
  const last = first && runsOf([first]).at(-1)!.scheduledFor!;
  if (last) await until('fires are missed', () => Date.now() >= last + 3.75 * EVERY, { within: 60_000 });
  dying.write('start');
  expect(await dying.exited).toEqual({ code: null, signal: 'SIGKILL' });
  expect(runsOf([dying])).toEqual([]);
  const claimed = (await dying.next('claimed')).to as number;
  heir.write('start');
  const begin = last ?? claimed;
  // The claimed ones are taken up when the dead process's lock is over; the later ones do not wait for that.
  await until('all fires have run', () => hasAll(runsOf([heir]), last ? begin + EVERY : begin, claimed + EVERY), {
    within: 60_000,
  });
  return { runs: runsOf(first ? [first, heir] : [heir]), claimed };
}

function hasAll(runs: readonly Run[], from: number, to: number): boolean {
  const times = new Set(runs.map(({ scheduledFor }) => scheduledFor));
  for (let time = from; time <= to; time += EVERY) if (!times.has(time)) return false;
  return true;
}

const onTime = new Map<string, Seen>();
const caughtUp = new Map<string, Seen>();

// They mostly wait: all at once.
beforeAll(async () => {
  const each = sharedStores.flatMap(([name, connection]) => [
    (async () => onTime.set(name, await dieAndGoOn(plan(connection))))(),
    (async () => {
      const planned = plan(connection);
      const first = await startOne(planned);
      first.write('start');
      await first.next('ran');
      await first.signal('SIGTERM');
      caughtUp.set(name, await dieAndGoOn(planned, first));
    })(),
  ]);
  await Promise.all(each);
});

const stores = sharedStores.map(([name]) => name);
const timesOf = (runs: readonly Run[]) => runs.map(({ scheduledFor }) => scheduledFor);

it.each(stores)('a fire that was on time runs, once, on %s', (name) => {
  const { runs, claimed } = onTime.get(name)!;
  expect(new Set(timesOf(runs)).size).toBe(runs.length);
  expect(runs.find(({ scheduledFor }) => scheduledFor === claimed)?.trigger).toBe('schedule');
});

it.each(stores)('missed fires that were to be caught up run, once each, on %s', (name) => {
  const { runs, claimed } = caughtUp.get(name)!;
  expect(new Set(timesOf(runs)).size).toBe(runs.length);
  const late = runs.filter(({ trigger, scheduledFor }) => trigger === 'catch-up' && scheduledFor! <= claimed);
  expect(late.length).toBeGreaterThanOrEqual(2);
});
