import { describe, expect, it } from '@jest/globals';
import { Logger, type INestApplicationContext } from '@nestjs/common';
import { decodeSchedulerId, TICK_QUEUE } from '#src/store/names.js';
import { closedAfterEach } from '../support/closed-after-each.js';
import { randomPrefix } from '../support/prefix.js';
import { sharedStores } from '../support/stores.js';
import { until } from '../support/until.js';
import { startApp, type AppPlan, type Run } from './app.js';
import { runsOf, startAppChild } from './kit.js';
import { scaled } from '../support/machine.js';

Logger.overrideLogger(false);

const opened = closedAfterEach<INestApplicationContext>();

const INSTANCES = 10;
/** How long after the boot each fire is looked for, in milliseconds. `TEST_WATCHED=60000` watches for a minute. */
const WATCHED = Number(process.env.TEST_WATCHED ?? 4_000);

const named = (group: string, count: number) => Array.from({ length: count }, (_, n) => `${group}.${n}`);
// Each fires once a second, over ten processes: as many as a slow machine bears.
const SAME = named('same', 40);
const OVERDUE = named('overdue', 20);
const LATER = named('later', 20);
const DROPPED = named('dropped', 5);
const FIRST = [...SAME, ...OVERDUE, ...DROPPED];
const DECLARED = [...SAME, ...OVERDUE, ...LATER];

function plan(connection: string, prefix: string, schedules: Record<string, string>): AppPlan {
  return {
    options: { connection, prefix, shutdownTimeout: '5s' },
    jobs: Object.entries(schedules).map(([name, schedule]) => ({ name, schedule, misfire: 'all' })),
    timing: { every: 2_000, liveFor: scaled(6_000), grace: scaled(5_000) },
  };
}

const all = (names: readonly string[], schedule: string) => Object.fromEntries(names.map((name) => [name, schedule]));

function byJob(runs: readonly Run[]): Map<string, number[]> {
  const fires = new Map(DECLARED.map((job): [string, number[]] => [job, []]));
  for (const { job, scheduledFor } of runs) fires.get(job)?.push(scheduledFor!);
  for (const times of fires.values()) times.sort((a, b) => a - b);
  return fires;
}

const doubles = (times: readonly number[]) => times.filter((time, n) => times.indexOf(time) !== n);
/** A time that is there twice makes none. */
const gaps = (times: readonly number[]) => {
  const once = [...new Set(times)];
  return new Set(once.slice(1).map((time, n) => time - once[n]!));
};

describe.each(sharedStores)('ten instances that boot at once, on %s', (_name, connection) => {
  it('end with what they declare, and no fire of any schedule is lost or doubled', async () => {
    const prefix = randomPrefix();
    const before = startAppChild(
      plan(connection, prefix, {
        ...all(FIRST, 'every 1s'),
        ...all(LATER, '0 0 1 1 *'),
      }),
    );
    await before.next('ready');
    await until('all have fired', () => new Set(runsOf([before]).map(({ job }) => job)).size === FIRST.length);
    await before.signal('SIGTERM');

    const now = plan(connection, prefix, { ...all(SAME, 'every 1s'), ...all([...OVERDUE, ...LATER], '* * * * * *') });
    const fleet = Array.from({ length: INSTANCES }, () => startAppChild(now));
    await Promise.all(fleet.map((each) => each.next('ready')));
    const end = Date.now() + WATCHED;
    const everything = () => byJob(runsOf([before, ...fleet]));
    await until('all have fired to the end', () => [...everything().values()].every((times) => times.at(-1)! >= end), {
      within: WATCHED + 60_000,
      every: 500,
    });

    const { app, store } = await startApp(
      { options: { connection, prefix, role: 'producer' }, jobs: [] },
      () => undefined,
    );
    opened.push(app);
    const declared = DECLARED.map((job) => `code:${job}`).toSorted();
    const load = async () => new Map((await store.schedules.all()).map((each) => [each.id, each]));
    await until('the dropped are gone', async () => (await load()).size === declared.length);
    const records = await load();
    expect([...records.keys()]).toEqual(declared);
    const entries = await store.queues.schedulers(TICK_QUEUE);
    expect(entries.map(({ key }) => decodeSchedulerId(key)).toSorted()).toEqual([...records.keys()]);

    const expectNoneLost = () => {
      const fires = everything();
      for (const job of SAME)
        expect([job, ...gaps(fires.get(job)!.filter((time) => time <= end))]).toEqual([job, 1_000]);
      for (const job of [...OVERDUE, ...LATER]) {
        const { updatedAt } = records.get(`code:${job}`)!;
        const times = fires.get(job)!.filter((time) => time <= end);
        const [old, current] = [times.filter((time) => time <= updatedAt), times.filter((time) => time > updatedAt)];
        // By the old schedule until it was changed, by the new one from then on: each second, without a gap.
        const first = Math.floor(updatedAt / 1_000 + 1) * 1_000;
        expect([job, current[0], ...gaps(current)]).toEqual([job, first, 1_000]);
        const inTime = old.length > 0 && updatedAt - old.at(-1)! <= 1_000;
        expect([job, ...gaps(old), inTime]).toEqual(LATER.includes(job) ? [job, false] : [job, 1_000, true]);
      }
      return true;
    };
    // One may run after a later one: what is late is not lost.
    await until('no fire is missing', expectNoneLost, { every: 200 });
    for (const [job, times] of everything()) expect([job, doubles(times)]).toEqual([job, []]);
    for (const job of [...OVERDUE, ...LATER]) expect(records.get(`code:${job}`)!.anchor).toBe(0);
    expect(fleet.flatMap(({ events }) => events.filter(({ event }) => event === 'repaired'))).toEqual([]);
  });
});
