import { describe, expect, it } from '@jest/globals';
import { Logger, type INestApplicationContext } from '@nestjs/common';
import { ScheduleService } from 'nestjs-job-scheduler';
import { fireId } from '#src/scheduling/tick-queue.js';
import { decodeSchedulerId, encodeSchedulerId, TICK_QUEUE } from '#src/store/names.js';
import { closedAfterEach } from '../support/closed-after-each.js';
import { randomPrefix } from '../support/prefix.js';
import { sharedStores } from '../support/stores.js';
import { scaled } from '../support/machine.js';
import { until } from '../support/until.js';
import { startApp, type AppPlan, type Run, type TestApp } from './app.js';

Logger.overrideLogger(false);

const apps = closedAfterEach<INestApplicationContext>();

const TIMING = { every: 300, liveFor: scaled(4_000), grace: scaled(10_000) };

async function start(connection: string, prefix: string, jobs: AppPlan['jobs']) {
  const runs: Run[] = [];
  const plan: AppPlan = { options: { connection, prefix }, jobs, timing: TIMING };
  const started = await startApp(plan, (run) => void runs.push(run));
  apps.push(started.app);
  return { ...started, runs, schedules: started.app.get(ScheduleService) };
}

async function stop({ app }: TestApp): Promise<void> {
  apps.splice(apps.indexOf(app), 1);
  await app.close();
}

const ids = async ({ store }: TestApp) => (await store.schedules.all()).map(({ id }) => id);
const entries = async ({ store }: TestApp) =>
  (await store.queues.schedulers(TICK_QUEUE)).map(({ key }) => decodeSchedulerId(key)).toSorted();

describe.each([...sharedStores, ['memory:', 'memory:'] as [string, string]])('deploys on %s', (_name, connection) => {
  it('remove what no running version declares, and leave all else', async () => {
    const prefix = randomPrefix();
    const [kept, gone] = [
      { name: 'kept', schedule: '@daily' },
      { name: 'gone', schedule: 'every 1s' },
    ];
    const old = await start(connection, prefix, [kept, gone]);
    await old.schedules.create({ job: 'gone', cron: '@yearly', id: 'mine' });
    await old.schedules.disable('code:kept');
    const handMade = old.store.queues.queue('default');
    await handMade.upsertJobScheduler('hand-made', { pattern: '0 0 1 1 *' }, { name: 'kept' });

    const fresh = await start(connection, prefix, [{ name: 'kept', schedule: 'every 7m' }]);
    // Both run: the new one has the last word, and the old one's job still fires.
    const count = old.runs.length;
    await until('the old job fires', () => old.runs.length >= count + 2);
    expect(await ids(fresh)).toEqual(['code:gone', 'code:kept', 'mine']);
    expect(await fresh.store.schedules.get('code:kept')).toMatchObject({ expression: 'every 7m', enabled: false });

    await handMade.close();
    await stop(old);
    await until('its schedule is gone', async () => !(await ids(fresh)).includes('code:gone'));
    expect(await ids(fresh)).toEqual(['code:kept', 'mine']);
    await until('its entry is gone', async () => !(await entries(fresh)).includes('code:gone'));
    expect(await entries(fresh)).toEqual(['mine']);
    const queue = fresh.store.queues.queue('default');
    expect((await queue.getJobSchedulers()).map(({ key }) => key)).toEqual(['hand-made']);
    await queue.close();
  });

  it('a schedule that is declared again is as it was: phase, last fire, and what people have switched', async () => {
    const prefix = randomPrefix();
    const kept = { name: 'kept', schedule: '@daily' };
    const both = [kept, { name: 'quiet', schedule: 'every 7m' }, { name: 'gone', schedule: 'every 1s' }];
    const old = await start(connection, prefix, both);
    await until('it fires', () => old.runs.length > 0);
    await old.schedules.disable('code:quiet');
    const fresh = await start(connection, prefix, [kept]);
    const before = (await fresh.store.schedules.get('code:quiet'))!;
    await stop(old);
    const { anchor, lastFire } = (await fresh.store.schedules.get('code:gone'))!;
    await until('its schedules are gone', async () => (await ids(fresh)).length === 1);

    const again = await start(connection, prefix, both);
    const { version: _, updatedAt: __, ...rest } = before;
    expect(await again.store.schedules.get('code:quiet')).toMatchObject(rest);
    const gone = (await again.store.schedules.get('code:gone'))!;
    expect(gone.anchor).toBe(anchor);
    expect(gone.lastFire).toBeGreaterThanOrEqual(lastFire!);
    await until('it fires again', () => again.runs.length > 0);
  });

  it('what the store has lost comes back within a round, as it was; another service is left alone', async () => {
    const prefix = randomPrefix();
    const service = await start(connection, prefix, [
      { name: 'tick', schedule: 'every 1s' },
      { name: 'quiet', schedule: 'every 7m' },
    ]);
    // Booted later: its word is the newest of all.
    const other = await start(connection, prefix, [{ name: 'other', schedule: '@daily' }]);
    await service.schedules.disable('code:quiet');
    await until('it fires', () => service.runs.length > 0);
    const before = new Map((await service.store.schedules.all()).map((each) => [each.id, each]));
    const repaired: string[] = [];
    service.runtime.repairs.on(({ scheduleId, trouble }) => repaired.push(`${scheduleId} ${trouble}`));
    const hasTold = async (since: number) =>
      (await service.store.schedules.declarations()).every(({ seenAt }) => seenAt > since);
    await until('a round has begun since', () => hasTold(before.get('code:quiet')!.updatedAt));
    const begun = Date.now();
    await until('it is over, and the next has begun', () => hasTold(begun));

    for (const id of before.keys()) await service.store.schedules.remove(id);
    const ticks = service.store.queues.queue(TICK_QUEUE);
    for (const key of await entries(service)) await ticks.removeJobScheduler(encodeSchedulerId(key));
    await ticks.close();

    await until('all are back', async () => (await ids(other)).length === before.size);
    const quiet = (await service.store.schedules.get('code:quiet'))!;
    expect(quiet).toMatchObject({ enabled: false, anchor: before.get('code:quiet')!.anchor });
    expect(await service.store.schedules.get('code:tick')).toMatchObject({ anchor: before.get('code:tick')!.anchor });
    const count = service.runs.length;
    await until('it fires again', () => service.runs.length > count);
    await until('it was told', () => repaired.includes('code:quiet was gone from the store'));
  });

  it('change a schedule in place; an interval keeps its phase', async () => {
    const prefix = randomPrefix();
    const old = await start(connection, prefix, [{ name: 'tick', schedule: 'every 2s' }]);
    const { anchor } = (await old.store.schedules.get('code:tick'))!;
    const fresh = await start(connection, prefix, [{ name: 'tick', schedule: { every: '1s', payload: { n: 2 } } }]);
    const runs = () => [...old.runs, ...fresh.runs];
    const byNew = () => runs().filter(({ payload }) => (payload as { n?: number } | undefined)?.n === 2);
    await until('it fires by the new one', () => byNew().length >= 3);
    expect(runs().map(({ scheduledFor }) => (scheduledFor! - anchor) % 1_000)).toEqual(runs().map(() => 0));
    const firstByNew = Math.min(...byNew().map(({ scheduledFor }) => scheduledFor!));
    const later = runs().filter(({ scheduledFor }) => scheduledFor! >= firstByNew);
    expect(later.map(({ payload }) => payload)).toEqual(later.map(() => ({ n: 2 })));
    expect((await fresh.store.schedules.get('code:tick'))!.anchor).toBe(anchor);
  });
});

/** Of a fire. A late one is taken by then. */
const THRESHOLD = scaled(1_500);

describe('on memory:', () => {
  it('a payload is read at the fire; BullMQ is told nothing of it', async () => {
    const app = await start('memory:', randomPrefix(), [{ name: 'tick' }]);
    await app.schedules.create({ job: 'tick', every: '1s', payload: 'a', id: 'mine' });
    const [before] = await app.store.queues.schedulers(TICK_QUEUE);
    await app.schedules.update('mine', { payload: 'b' });
    expect(await app.store.queues.schedulers(TICK_QUEUE)).toEqual([before]);
    await until('it fires', () => app.runs.length > 0);
    expect(app.runs[0]).toMatchObject({ payload: 'b', trigger: 'schedule', scheduleId: 'mine' });
  });

  it('a backlog of the queue is no misfire', async () => {
    const app = await start('memory:', randomPrefix(), [
      { name: 'tick', schedule: 'every 1s', misfireThreshold: THRESHOLD },
    ]);
    await app.jobs.pauseQueue('default');
    const waiting = async () => (await app.jobs.getQueue('default')).counts.pending;
    await until('three fires wait, the first one for longer than that', async () => {
      const { anchor } = (await app.store.schedules.get('code:tick'))!;
      return (await waiting()) >= 3 && Date.now() > anchor + 1_000 + THRESHOLD;
    });
    await app.jobs.resumeQueue('default');
    await until('they have run', () => app.runs.length >= 3);
    expect(app.runs.map(({ trigger }) => trigger)).toEqual(app.runs.map(() => 'schedule'));
    expect(app.runs[0]!.at - app.runs[0]!.scheduledFor!).toBeGreaterThan(THRESHOLD);
  });

  it('a schedule that was disabled has missed nothing', async () => {
    const app = await start('memory:', randomPrefix(), [
      { name: 'tick', schedule: 'every 1s', misfire: 'all', misfireThreshold: 0 },
    ]);
    const { anchor } = (await app.store.schedules.get('code:tick'))!;
    await app.schedules.disable('code:tick');
    expect(await entries(app)).toEqual([]);
    const disabledAt = Date.now();
    const first = disabledAt - ((disabledAt - anchor) % 1_000) + 1_000;
    await until('two fires have passed', () => Date.now() > first + 1_100);
    const enabledAt = Date.now();
    await app.schedules.enable('code:tick');
    await until('it fires', () => app.runs.some(({ scheduledFor }) => scheduledFor! >= enabledAt));
    expect(app.runs.filter(({ scheduledFor }) => scheduledFor! >= first && scheduledFor! < enabledAt)).toEqual([]);
    for (const missed of [first, first + 1_000])
      expect(await app.store.executions.load(fireId('code:tick', missed))).toBeUndefined();
  });
});
