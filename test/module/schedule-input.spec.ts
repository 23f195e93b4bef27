/** What `create` and `update` of a schedule refuse, and how they say it. */
import { describe, expect, it } from '@jest/globals';
import { ScheduleInputError, type NewSchedule } from 'nestjs-job-scheduler';
import { startQuiet, Tick, Report } from './schedules-kit.js';

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
