import { afterEach, describe, expect, it } from '@jest/globals';
import { Logger, Module, type INestApplicationContext, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { z } from 'zod';
import {
  defineJob,
  Job,
  JobContext,
  JobSchedulerModule,
  JobService,
  nextOccurrences,
  ScheduleInputError,
  ScheduleService,
  type JobSchedulerOptions,
  type NewSchedule,
} from 'nestjs-job-scheduler';
import type { StoredSchedule } from '../../libs/job-scheduler/src/store/schedule-store.js';
import { StoreHolder } from '../../libs/job-scheduler/src/store/store-holder.js';
import { randomPrefix } from '../support/prefix.js';
import { startRedis } from '../support/servers.mjs';
import { sharedStores } from '../support/stores.js';
import { until } from '../support/until.js';
import { WAIT } from '../support/machine.js';

Logger.overrideLogger(false);

const apps: INestApplicationContext[] = [];
afterEach(async () => {
  Tick.seen.length = 0;
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

async function start(options: JobSchedulerOptions = {}, providers: Type[] = [Tick, Report]) {
  @Module({ imports: [JobSchedulerModule.forRoot({ prefix: randomPrefix(), ...options })], providers })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
  apps.push(app);
  const stored = (id: string): Promise<StoredSchedule | undefined> =>
    app.get(StoreHolder, { strict: false }).require('look').schedules.get(id);
  return { app, jobs: app.get(JobService), schedules: app.get(ScheduleService), stored };
}

/** With nothing that fires, and nothing to wait for. */
const startQuiet = (options: JobSchedulerOptions = {}) => start({ role: 'producer', ...options });

interface Seen {
  of: string;
  schedule: string | undefined;
  trigger: string;
}

@Job()
class Tick {
  static readonly seen: Seen[] = [];
  run(payload: { of: string }, ctx: JobContext): string {
    Tick.seen.push({ of: payload.of, schedule: ctx.scheduleId, trigger: ctx.trigger });
    return payload.of;
  }
}

const ReportInput = z.object({ day: z.string().min(3) });

@Job(defineJob('report.nightly', { schema: ReportInput }), {
  schedule: { cron: '0 2 * * *', payload: { day: 'monday' } },
})
class Report {
  run({ day }: z.output<typeof ReportInput>): string {
    return day;
  }
}

const fires = (of: string): number => Tick.seen.filter((each) => each.of === of).length;

/** A fire of a schedule that goes on: what was under way before has ended. */
async function nextFire(of: string): Promise<void> {
  const before = fires(of);
  await until(`${of} fired`, () => fires(of) > before);
}

/** It does not fire while another one does. */
async function isSilent(of: string, clock: string): Promise<void> {
  await nextFire(clock);
  const before = fires(of);
  await nextFire(clock);
  expect(fires(of)).toBe(before);
}

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

describe('a schedule', () => {
  it('is listed with all that is known of it', async () => {
    const { schedules, stored } = await startQuiet();
    const begin = new Date('2030-01-01T00:00:00Z');
    const before = Date.now();
    const made = await schedules.create({
      job: 'report.nightly',
      cron: ' 30  4 * * mon ',
      timezone: 'europe/berlin',
      payload: { day: 'sunday' },
      start: begin,
      end: new Date('2031-01-01T00:00:00Z'),
      misfire: 'all',
      misfireThreshold: '2m',
      maxCatchUp: 5,
      overlap: 'wait',
      metadata: { tenant: 'a' },
    });
    expect(made).toEqual({
      id: expect.stringMatching(/^[\da-f-]{36}$/),
      job: 'report.nightly',
      schedule: '30  4 * * mon',
      timezone: 'Europe/Berlin',
      description: 'At 04:30, only on Monday',
      enabled: true,
      source: 'api',
      next: nextOccurrences('30 4 * * mon', { timezone: 'Europe/Berlin', after: begin })[0],
      previous: undefined,
      payload: { day: 'sunday' },
      start: begin,
      end: new Date('2031-01-01T00:00:00Z'),
      misfire: 'all',
      misfireThreshold: 120_000,
      maxCatchUp: 5,
      overlap: 'wait',
      metadata: { tenant: 'a' },
      version: 1,
      createdAt: expect.any(Date),
      updatedAt: made.createdAt,
    });
    expect(await schedules.get(made.id)).toEqual(made);
    expect(await schedules.list({ source: 'api' })).toEqual([made]);
    expect(made.createdAt.getTime()).toBeGreaterThanOrEqual(before);
    expect(await stored(made.id)).toMatchObject({ anchor: 0, enabledAt: made.createdAt.getTime() });
  });

  it.each<[Partial<NewSchedule<string>>, object]>([
    [{ schedule: '@daily' }, { schedule: '@daily', description: 'At 00:00' }],
    [{ cron: '*/10 * * * * *' }, { description: 'Every 10 seconds' }],
    [{ schedule: 'every 90m' }, { schedule: 'every 90m', description: 'Every 1 hour and 30 minutes' }],
    [{ every: 90_000 }, { schedule: 'every 1m30s', timezone: 'Asia/Tokyo' }],
    [
      { every: '1h', timezone: 'UTC', description: 'Hourly' },
      { description: 'Hourly', timezone: 'UTC' },
    ],
    [
      { every: '1h', enabled: false },
      { enabled: false, next: undefined },
    ],
  ])('of %j is taken', async (input, expected) => {
    const { schedules } = await startQuiet({ defaults: { timezone: 'Asia/Tokyo' } });
    const made = await schedules.create({ job: 'Tick', ...input });
    expect(made).toMatchObject(expected);
  });

  it('may choose its id, once', async () => {
    const { schedules } = await startQuiet();
    const id = 'tenant:7/nightly ☾ %3A {x}';
    await schedules.create({ id, job: Tick, every: '1h', payload: { of: 'a' } });
    await expect(schedules.create({ id, job: Tick, every: '2h', payload: { of: 'b' } })).rejects.toMatchObject({
      code: 'SCHEDULE_EXISTS',
      details: { id },
    });
    expect(await schedules.list({ job: 'Tick', enabled: true })).toMatchObject([{ id, schedule: 'every 1h' }]);
    expect(await schedules.list({ enabled: false })).toEqual([]);
  });

  it('changes in place; its interval keeps its phase unless its length changes', async () => {
    const { schedules, stored } = await startQuiet();
    const { id } = await schedules.create({
      job: Tick,
      every: '90m',
      payload: { of: 'a' },
      end: new Date('2100-01-01'),
    });
    const { anchor, enabledAt } = (await stored(id))!;
    const changed = await schedules.update(id, {
      schedule: 'every 1h30m',
      timezone: 'Asia/Tokyo',
      payload: { of: 'b' },
      metadata: { a: 'b' },
      misfireThreshold: '5m',
    });
    expect(changed).toMatchObject({
      schedule: 'every 1h30m',
      timezone: 'Asia/Tokyo',
      payload: { of: 'b' },
      version: 2,
    });
    expect(changed.next!.getTime()).toBe(anchor + 5_400_000);
    await schedules.update(id, { payload: { of: 'c' }, end: null, metadata: null, misfireThreshold: null });
    expect(await stored(id)).toEqual(
      expect.objectContaining({ anchor, enabledAt, version: 3, payload: { of: 'c' }, expression: 'every 1h30m' }),
    );
    for (const field of ['end', 'metadata', 'misfireThreshold']) expect(await stored(id)).not.toHaveProperty(field);
    const longer = await schedules.update(id, { every: '2h' });
    expect((await stored(id))!.anchor).toBe(longer.updatedAt.getTime());
    await schedules.update(id, { cron: '0 2 * * *' });
    expect(await stored(id)).toMatchObject({ anchor: 0, expression: '0 2 * * *', timezone: 'Asia/Tokyo' });
  });

  it('is not changed when it is of another version than the expected one', async () => {
    const { schedules } = await startQuiet();
    const { id, version } = await schedules.create({ job: Tick, every: '1h', payload: { of: 'a' } });
    await schedules.update(id, { description: 'mine', expectedVersion: version });
    await expect(schedules.update(id, { description: 'theirs', expectedVersion: version })).rejects.toMatchObject({
      code: 'SCHEDULE_CONFLICT',
      details: { id, expected: 1, actual: 2 },
    });
    expect(await schedules.get(id)).toMatchObject({ description: 'mine', version: 2 });
  });

  it('is not switched or deleted either when it is of another version than the expected one', async () => {
    const { schedules } = await startQuiet();
    const { id, version } = await schedules.create({ job: Tick, every: '1h', payload: { of: 'a' } });
    const stale = { expectedVersion: version };
    expect(await schedules.disable(id, stale)).toMatchObject({ enabled: false, version: 2 });
    for (const call of [schedules.enable(id, stale), schedules.disable(id, stale), schedules.delete(id, stale)])
      await expect(call).rejects.toMatchObject({ code: 'SCHEDULE_CONFLICT', details: { id, expected: 1, actual: 2 } });
    for (const call of [schedules.enable(id, { expectedVersion: 0 }), schedules.delete(id, { expectedVersion: 1.5 })])
      await expect(call).rejects.toMatchObject({ code: 'SCHEDULE_INVALID', issues: [{ field: 'expectedVersion' }] });
    expect(await schedules.get(id)).toMatchObject({ enabled: false, version: 2 });
    await schedules.delete(id, { expectedVersion: 2 });
    await expect(schedules.delete(id, { expectedVersion: 2 })).rejects.toMatchObject({ code: 'SCHEDULE_UNKNOWN' });
  });

  it('keeps a name and a group for people', async () => {
    const { schedules } = await startQuiet();
    const made = await schedules.create({
      job: Tick,
      every: '1h',
      payload: { of: 'a' },
      name: 'Hourly',
      group: 'DEFAULT',
    });
    expect(made).toMatchObject({ name: 'Hourly', group: 'DEFAULT', remark: undefined });
    const changed = await schedules.update(made.id, { name: 'Each hour', group: null, description: 'by hand' });
    expect(changed).toMatchObject({ name: 'Each hour', group: undefined, remark: 'by hand', description: 'by hand' });
  });

  it('keeps the changes of all who change it at once', async () => {
    const { schedules } = await startQuiet();
    const { id } = await schedules.create({ job: Tick, every: '1h', payload: { of: 'a' } });
    await Promise.all([
      schedules.update(id, { description: 'changed' }),
      schedules.update(id, { maxCatchUp: 7 }),
      schedules.disable(id),
      schedules.update(id, { timezone: 'Asia/Tokyo' }),
    ]);
    const changed = { description: 'changed', maxCatchUp: 7, enabled: false, timezone: 'Asia/Tokyo', version: 5 };
    expect(await schedules.get(id)).toMatchObject(changed);
  });

  it('that is enabled again has missed nothing; enabling what is enabled changes nothing', async () => {
    const { schedules, stored } = await startQuiet();
    const { id } = await schedules.create({ job: Tick, every: '1h', payload: { of: 'a' }, enabled: false });
    const made = (await stored(id))!;
    const enabled = await schedules.enable(id);
    expect((await stored(id))!.enabledAt).toBe(enabled.updatedAt.getTime());
    expect(await schedules.enable(id)).toMatchObject({ version: 2, updatedAt: enabled.updatedAt });
    await schedules.disable(id);
    expect(await schedules.disable(id)).toMatchObject({ version: 3, enabled: false });
    await schedules.update(id, { enabled: true });
    const again = (await stored(id))!;
    expect(again).toMatchObject({ enabled: true, anchor: made.anchor, enabledAt: again.updatedAt });
  });

  it('that nobody knows is refused, with what may be meant', async () => {
    const { schedules } = await startQuiet();
    await schedules.create({ id: 'nightly', job: Tick, every: '1h', payload: { of: 'a' } });
    const calls = [
      schedules.get('nigthly'),
      schedules.update('nigthly', { every: '2h' }),
      schedules.delete('nigthly'),
      schedules.enable('nigthly'),
      schedules.disable('nigthly'),
      schedules.runNow('nigthly'),
    ];
    for (const call of calls) {
      await expect(call).rejects.toMatchObject({
        code: 'SCHEDULE_UNKNOWN',
        message: expect.stringContaining('no schedule "nigthly". Did you mean "nightly"?'),
        details: { id: 'nigthly' },
      });
    }
  });
});

describe('bad input', () => {
  const long = 'x'.repeat(300);
  const circle: Record<string, unknown> = {};
  circle['of'] = circle;

  it.each<[object, field: string, message: string | RegExp]>([
    [{ cron: '61 * * * *' }, 'cron', /"61 \* \* \* \*" has a bad minute field, "61".*Allowed:/],
    [{ cron: 'noon' }, 'cron', /"noon" has 1 field\. Allowed:/],
    [{ cron: '@dayly' }, 'cron', /Did you mean "@daily"\? Allowed:/],
    [{ cron: 5 }, 'cron', /5 is not a text\. Allowed:/],
    [{ schedule: '0 24 * * *' }, 'schedule', /bad hour field, "24".*Allowed:/],
    [{ schedule: { cron: '@daily' } }, 'schedule', /is not a text\. Allowed:/],
    [{ every: 'soon' }, 'every', /"soon" is not a duration\. Allowed:/],
    [{ every: '10ms' }, 'every', /"every 10ms" is too often\. Allowed: every 1s or more/],
    [{ every: -1 }, 'every', /-1 is not a duration\. Allowed:/],
    [{}, 'schedule', /needs one of schedule, cron, every; this one has none of them/],
    [{ cron: '@daily', every: '1d' }, 'every', /this one has cron and every/],
    [
      { every: '1h', timezone: 'Berlin' },
      'timezone',
      /"Berlin" is not a time zone\. Did you mean "Europe\/Berlin"\? Allowed:/,
    ],
    [{ every: '1h', timezone: 7 }, 'timezone', /7 is not a time zone.*Allowed:/],
    [{ every: '1h', start: '2030-01-01' }, 'start', /"2030-01-01" is not a date\. Allowed: a valid Date/],
    [{ every: '1h', start: new Date(8.64e15) }, 'start', /is too late\. Allowed: until the year 9999/],
    [{ every: '1h', end: new Date('x') }, 'end', /Invalid Date is not a date\. Allowed: a valid Date/],
    [{ every: '1h', start: new Date(9), end: new Date(5) }, 'end', /is before the start.*Allowed: an end after/],
    [{ every: '1h', end: new Date(5) }, 'end', /The end, 1970-01-01T00:00:00.005Z, is past: .* would never fire/],
    [
      { cron: '0 0 1 1 *', start: new Date('2030-02-01'), end: new Date('2030-03-01') },
      'end',
      /There is no fire before the end, 2030-03-01T00:00:00.000Z: /,
    ],
    [{ cron: '0 0 30 2 *' }, 'cron', /never fires/],
    [{ every: '1h', enabled: 'yes' }, 'enabled', /"yes" is not allowed\. Allowed: true or false/],
    [{ every: '1h', misfire: 'twice' }, 'misfire', /"twice" is not allowed\..*Allowed: once, all, skip/],
    [{ every: '1h', misfireThreshold: '1 year' }, 'misfireThreshold', /"1 year" is not a duration\. Allowed:/],
    [{ every: '1h', maxCatchUp: 0 }, 'maxCatchUp', /0 is not allowed\. Allowed: a whole number from 1 to 1,000,000/],
    [{ every: '1h', overlap: 'skipp' }, 'overlap', /Did you mean "skip"\? Allowed: allow, skip, wait, replace/],
    [{ every: '1h', description: 5 }, 'description', /5 is not a text\. Allowed: a text/],
    [{ every: '1h', name: '' }, 'name', /"" is not a name\. Allowed: a text of 1 to 1024 characters/],
    [{ every: '1h', group: 7 }, 'group', /7 is not a group\. Allowed: a text of 1 to 1024 characters/],
    [{ every: '1h', metadata: { a: 1 } }, 'metadata', /Allowed: metadata is an object of up to 64 texts/],
    [{ every: '1h', id: long }, 'id', /is not an id\. Allowed: a text of 1 to 256 characters/],
    [{ every: '1h', id: 'a\0b' }, 'id', /is not an id\. Allowed:/],
    [{ every: '1h', id: 'code:Tick' }, 'id', /is kept for schedules that code declares\. Allowed:/],
    [{ every: '1h', crom: '@daily' }, 'crom', /no such option\. Did you mean "cron"\? Known:/],
    [{ every: '1h', expectedVersion: 1 }, 'expectedVersion', /no such option/],
  ])('%j: names the field, the value and what is allowed', async (input, field, message) => {
    const { schedules } = await startQuiet();
    const creation = schedules.create({ job: 'Tick', payload: { of: 'a' }, ...input });
    const value = (input as Record<string, unknown>)[field];
    await expect(creation).rejects.toMatchObject({
      code: 'SCHEDULE_INVALID',
      issues: [{ field, value, message: expect.stringMatching(message), code: 'SCHEDULE_INVALID' }],
    });
    await expect(creation).rejects.toThrow(message);
    expect(await schedules.list({ source: 'api' })).toEqual([]);
  });

  it.each<[object, field: string, code: string, message: RegExp]>([
    [{ job: 'Tikc' }, 'job', 'JOB_UNKNOWN', /No job "Tikc" is registered\. Did you mean "Tick"\? Registered: /],
    [{ job: undefined }, 'job', 'JOB_UNKNOWN', /undefined is no job: give its name/],
    [{ job: class Nothing {} }, 'job', 'JOB_UNKNOWN', /The class Nothing is no job/],
    [{ job: 'report.nightly' }, 'payload', 'PAYLOAD_INVALID', /does not fit its schema: .*expected object/],
    [
      { job: Report, payload: { day: 5 } },
      'payload',
      'PAYLOAD_INVALID',
      /does not fit its schema: day: .*expected string/,
    ],
    [{ payload: circle }, 'payload', 'PAYLOAD_INVALID', /is not JSON: of refers back/],
    [{ payload: 'x'.repeat(2_000) }, 'payload', 'PAYLOAD_TOO_LARGE', /has 2002 bytes; maxPayload is 1000/],
  ])('%#: a bad job or payload says so by its code', async (input, field, code, message) => {
    const { schedules } = await startQuiet({ maxPayload: 1_000 });
    const creation = schedules.create({ job: 'Tick', every: '1h', ...input });
    const value = (input as Record<string, unknown>)[field];
    const issue = { field, code, value, message: expect.stringMatching(message) };
    await expect(creation).rejects.toMatchObject({ code: 'SCHEDULE_INVALID', issues: [issue] });
    expect(await schedules.list({ source: 'api' })).toEqual([]);
  });

  it('is told all at once, by create and by update, and changes nothing', async () => {
    const { schedules } = await startQuiet();
    const bad = {
      job: 'Tikc',
      cron: '99 * * * *',
      timezone: 'Mars',
      start: 1,
      misfire: 'x',
      maxCatchUp: -1,
      colour: 'red',
    };
    const fields = ['colour', 'job', 'timezone', 'start', 'cron', 'misfire', 'maxCatchUp'];
    const issuesOf = async (call: Promise<unknown>) => {
      const error = await call.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ScheduleInputError);
      return (error as ScheduleInputError).issues.map(({ field }) => field);
    };
    expect(await issuesOf(schedules.create(bad as unknown as NewSchedule<string>))).toEqual(fields);
    const made = await schedules.create({ job: Tick, every: '1h', payload: { of: 'a' } });
    expect(await issuesOf(schedules.update(made.id, bad as object))).toEqual(fields);
    expect(await issuesOf(schedules.update(made.id, { expectedVersion: 0 }))).toEqual(['expectedVersion']);
    expect(await issuesOf(schedules.update(made.id, { job: Report }))).toEqual(['payload']);
    const { next: _, ...same } = made;
    expect(await schedules.list({ source: 'api' })).toMatchObject([same]);
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
