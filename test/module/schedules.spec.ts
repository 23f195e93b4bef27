import { describe, expect, it } from '@jest/globals';
import { type JobSchedulerOptions } from 'nestjs-job-scheduler';
import { randomPrefix } from '../support/prefix.js';
import { startRedis } from '../support/servers.mjs';
import { sharedStores } from '../support/stores.js';
import { until } from '../support/until.js';
import { WAIT } from '../support/machine.js';
import { start, startQuiet, Tick, fires, nextFire, isSilent } from './schedules-kit.js';

type Connected = [name: string, connection: JobSchedulerOptions['connection']];
const stores: Connected[] = [...sharedStores, ['memory:', 'memory:']];

async function followAll([name, connection]: Connected): Promise<void> {
  const options = { connection, prefix: randomPrefix() };
  const worker = await start(options);
  const producer = await startQuiet(options);
  const [clock, one, two] = [`${name} clock`, `${name} one`, `${name} two`];
  const idOf = (of: string): string => `7:${of}/☾ %3A {x}`;
  const make = (of: string) => producer.schedules.create({ id: idOf(of), job: Tick, every: '1s', payload: { of } });
  await make(clock);
  const { id } = await make(one);
  await until('both fire', () => fires(clock) > 0 && fires(one) > 0);
  expect(Tick.seen.find(({ of }) => of === one)).toEqual({ of: one, schedule: idOf(one), trigger: 'schedule' });
  expect(await worker.schedules.get(id)).toMatchObject({ enabled: true, next: expect.any(Date) });

  expect(await producer.schedules.update(id, { payload: { of: two } })).toMatchObject({ version: 2 });
  await until('it fires with the new payload', () => fires(two) > 0);

  expect(await producer.schedules.disable(id)).toMatchObject({ enabled: false, next: undefined });
  expect(await worker.schedules.get(id)).toMatchObject({ enabled: false, previous: expect.any(Date) });
  await isSilent(two, clock);

  const handle = await producer.schedules.runNow(id);
  expect(await handle.finished(WAIT)).toBe(two);
  expect(Tick.seen.findLast(({ of }) => of === two)).toEqual({ of: two, schedule: id, trigger: 'manual' });

  await worker.schedules.enable(id);
  await nextFire(two);
  await producer.schedules.delete(id);
  expect(await worker.schedules.list({ job: Tick })).toMatchObject([{ id: idOf(clock) }]);
  await isSilent(two, clock);
}

async function surviveRestart([name, connection]: Connected): Promise<void> {
  const options = { connection, prefix: randomPrefix() };
  const [kept, off] = [`${name} kept`, `${name} off`];
  const first = await start(options);
  const {
    next: _next,
    previous: _previous,
    ...made
  } = await first.schedules.create({
    job: Tick,
    every: '1s',
    payload: { of: kept },
  });
  const disabled = await first.schedules.create({ job: Tick, every: '1s', payload: { of: off }, enabled: false });
  await nextFire(kept);
  await first.app.close();
  const second = await start(options);
  expect(await second.schedules.get(made.id)).toMatchObject(made);
  expect(await second.schedules.get(disabled.id)).toMatchObject({ enabled: false });
  await nextFire(kept);
  expect(fires(off)).toBe(0);
}

// On all stores at the same time: they mostly wait for the next second.
describe('runtime schedules', () => {
  it('are made, changed, switched and deleted by a producer, and all processes follow', async () => {
    await Promise.all(stores.map(followAll));
  });

  it('survive a restart of the whole fleet, as they were', async () => {
    await Promise.all(sharedStores.map(surviveRestart));
  });
});

describe('a schedule that code declares', () => {
  it('is in the same list, and can be enabled, disabled and run, not changed or deleted', async () => {
    const { jobs, schedules } = await start();
    const id = 'code:report.nightly';
    await schedules.create({ job: Tick, every: '1h', payload: { of: 'a' }, id: 'mine' });
    const listed = await jobs.getScheduled();
    expect(listed).toMatchObject([
      { id, job: 'report.nightly', source: 'code', schedule: '0 2 * * *', description: 'At 02:00', enabled: true },
      { id: 'mine', job: 'Tick', source: 'api' },
    ]);
    expect(await schedules.list()).toMatchObject(listed.map(({ next: _, ...same }) => same));
    for (const call of [schedules.update(id, { cron: '@hourly' }), schedules.delete(id)])
      await expect(call).rejects.toMatchObject({ code: 'SCHEDULE_OWNED', details: { id } });
    expect(await schedules.disable(id)).toMatchObject({ enabled: false, next: undefined, schedule: '0 2 * * *' });
    expect(await (await schedules.runNow(id)).finished(WAIT)).toBe('monday');
    expect(await schedules.enable(id)).toMatchObject({ enabled: true, next: expect.any(Date) });
  });
});

it('rejects when the store is away', async () => {
  const server = await startRedis();
  const { app, schedules } = await startQuiet({ connection: server.url });
  const { id } = await schedules.create({ job: Tick, every: '1h', payload: { of: 'a' } });
  await server.stop();
  const calls = [
    schedules.list(),
    schedules.create({ job: Tick, cron: '@daily', payload: { of: 'b' } }),
    schedules.disable(id),
  ];
  for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  await app.close();
});

it('says so when the app has stopped', async () => {
  const { app, schedules } = await startQuiet();
  await app.close();
  await expect(schedules.list()).rejects.toMatchObject({ code: 'NOT_STARTED' });
  await expect(schedules.create({ job: Tick, every: '1h', payload: { of: 'a' } })).rejects.toMatchObject({
    code: 'NOT_STARTED',
  });
});
