import { describe, expect, it } from '@jest/globals';
import type { EngineScheduler } from '../../store/ports/ports.js';
import type { StoredSchedule } from '../../store/ports/schedule-store.js';
import { checkEntry, type CheckOptions } from './scheduler-diff.js';

const at = (text: string) => Date.parse(`2026-03-01T${text}Z`);
const NOW = at('10:00:30');
const MADE = at('08:00:00');

const schedule = (more: Partial<StoredSchedule> = {}): StoredSchedule => ({
  id: 'x',
  job: 'x',
  source: 'api',
  expression: '* * * * *',
  timezone: 'UTC',
  anchor: 0,
  enabled: true,
  enabledAt: MADE,
  createdAt: MADE,
  updatedAt: MADE,
  version: 1,
  lastFire: at('10:00:00'),
  ...more,
});

const repeat = { pattern: '* * * * *', tz: 'UTC' };
const entry = (more: Partial<EngineScheduler> = {}): EngineScheduler => ({
  key: 'x',
  next: at('10:01:00'),
  ...repeat,
  startDate: undefined,
  endDate: undefined,
  data: { job: 'x', by: [{ repeat, since: MADE }] },
  hasJob: true,
  ...more,
});

const check = (record?: StoredSchedule, found?: EngineScheduler, more: Partial<CheckOptions> = {}) =>
  checkEntry(record, found, { readAt: NOW, grace: 5_000, isIdle: true, ...more });

describe('an entry of BullMQ', () => {
  it('is left alone when it is as it should be', () => {
    expect(check(schedule(), entry())).toEqual({ todo: 'nothing' });
  });

  it('is removed when its schedule is disabled, gone or over', () => {
    expect(check(schedule({ enabled: false }), entry())).toEqual({ todo: 'remove' });
    expect(check(undefined, entry())).toEqual({ todo: 'remove' });
    const over = schedule({ end: at('10:00:00') });
    expect(check(over, entry())).toEqual({ todo: 'remove' });
    expect(check(over, undefined)).toEqual({ todo: 'nothing' });
  });

  it('is written when the schedule was changed, and what is due by the old one is looked for', () => {
    const changed = schedule({ expression: '0 12 * * *', updatedAt: at('10:00:20') });
    expect(check(changed, entry())).toMatchObject({
      todo: 'write',
      repeat: { pattern: '0 12 * * *' },
      // The old one has planned nothing that is not claimed.
      by: [{ repeat: { pattern: '0 12 * * *' }, since: at('10:00:20') }],
      isDue: false,
      trouble: undefined,
    });
    const overdue = schedule({ expression: '0 12 * * *', updatedAt: NOW, lastFire: at('09:59:00') });
    expect(check(overdue, entry({ next: at('10:00:00') }))).toMatchObject({
      todo: 'write',
      isDue: true,
      by: [
        { repeat, since: MADE, until: NOW },
        { repeat: { pattern: '0 12 * * *' }, since: NOW },
      ],
    });
  });

  it('that is overdue is left to the workers, unless they are idle', () => {
    const waits = [schedule({ lastFire: at('09:59:00') }), entry({ next: at('10:00:00') })] as const;
    expect(check(...waits, { isIdle: false })).toEqual({ todo: 'nothing' });
    expect(check(...waits, { grace: 60_000 })).toEqual({ todo: 'nothing' });
    expect(check(...waits)).toMatchObject({ todo: 'write', isDue: true, trouble: 'is overdue' });
  });

  it('that is missing, or whose job is, is written and told of', () => {
    expect(check(schedule(), undefined)).toMatchObject({ todo: 'write', trouble: 'has no next run', isDue: false });
    expect(check(schedule(), entry({ hasJob: false }))).toMatchObject({
      todo: 'write',
      trouble: 'has lost its next run',
    });
    const young = schedule({ updatedAt: NOW - 1_000 });
    expect(check(young, undefined)).toMatchObject({ todo: 'write', trouble: undefined });
  });

  it('that was planned past fires to come, by a clock that was ahead, is written anew', () => {
    const tomorrow = entry({ next: NOW + 86_400_000 });
    expect(check(schedule(), tomorrow)).toMatchObject({ todo: 'write', trouble: 'was planned too far ahead' });
    // Read while it fired.
    expect(check(schedule(), entry({ next: at('10:01:00') }), { readAt: at('09:59:59.9') })).toMatchObject({
      todo: 'nothing',
    });
  });

  it('with an untaken fire before it gets a tick', () => {
    const lost = schedule({ lastFire: at('09:59:00') });
    expect(check(lost, entry())).toMatchObject({ todo: 'tick', trouble: 'has lost a fire' });
    expect(check(lost, entry(), { isIdle: false })).toEqual({ todo: 'nothing' });
  });

  it('stays small when its schedule is changed 900 times before it fires', () => {
    const yearly = (n: number) => ({ expression: `${n % 60} ${n % 24} 1 1 *`, lastFire: undefined });
    let found = entry({ pattern: '0 0 1 1 *', next: Date.parse('2027-01-01T00:00Z'), data: { job: 'x' } });
    for (let n = 1; n <= 900; n++) {
      const changed = check(schedule({ ...yearly(n), updatedAt: NOW - 1_000 + n }), found, { readAt: NOW + n });
      if (changed.todo !== 'write') throw new Error(`change ${n}: ${changed.todo}`);
      expect(changed.by).toHaveLength(1);
      found = { ...found, ...changed.repeat, data: { job: 'x', by: changed.by } } as EngineScheduler;
    }
  });

  it('remembers the newest revision that planned an untaken fire', () => {
    let found = entry({ data: { job: 'x', by: [{ repeat, since: MADE }] } });
    const minutes = (n: number) => ({ pattern: `${n % 2 === 0 ? '*' : '*/1'} * * * *` });
    for (let n = 1; n <= 300; n++) {
      const { pattern: expression } = minutes(n);
      const updatedAt = NOW + n * 90_000;
      const changed = check(schedule({ expression, lastFire: undefined, updatedAt }), found, { readAt: updatedAt });
      if (changed.todo !== 'write') throw new Error(`change ${n}: ${changed.todo}`);
      expect(changed.by.length).toBeLessThanOrEqual(101);
      found = { ...found, ...changed.repeat, data: { job: 'x', by: changed.by } } as EngineScheduler;
    }
  });
});

it('a record that cannot be read is refused', () => {
  expect(() => check(schedule({ expression: 'rubbish' }), entry())).toThrow('rubbish');
});
