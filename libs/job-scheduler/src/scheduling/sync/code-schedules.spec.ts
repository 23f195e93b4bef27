import { describe, expect, it } from '@jest/globals';
import { parseSchedule } from '../../cron/schedule.js';
import type { JobDefinition } from '../../definition/job-definition.js';
import type { ScheduleData, StoredSchedule } from '../../store/ports/schedule-store.js';
import { codeChanges, versionOf, type DeclaredSchedule } from './code-schedules.js';

const NOW = 1_000_000;

function declared(job: string, expression: string, more: { enabled?: boolean; payload?: unknown } = {}) {
  const { enabled = true, payload } = more;
  return {
    definition: { name: job, enabled, description: undefined } as JobDefinition,
    schedule: { id: `code:${job}`, spec: parseSchedule(expression, 'UTC'), payload },
  } satisfies DeclaredSchedule;
}

const stored = (id: string, more: Partial<StoredSchedule> = {}): StoredSchedule => ({
  id,
  job: id.replace('code:', ''),
  source: 'code',
  expression: 'every 7m',
  timezone: 'UTC',
  anchor: 500,
  enabled: true,
  enabledAt: 500,
  createdAt: 500,
  updatedAt: 500,
  version: 3,
  lastFire: 900,
  ...more,
});

const changes = (each: DeclaredSchedule, old?: StoredSchedule): ScheduleData | undefined => {
  return codeChanges([each], old ? [old] : [], NOW)[0]?.data;
};

describe('what the code declares', () => {
  it('is stored when it is new; an interval is counted from now', () => {
    const puts = codeChanges([declared('a', 'every 7m', { payload: { x: 1 } }), declared('b', '@daily')], [], NOW);
    expect(puts).toEqual([
      {
        expected: 0,
        data: {
          id: 'code:a',
          job: 'a',
          source: 'code',
          expression: 'every 7m',
          timezone: 'UTC',
          anchor: NOW,
          payload: { x: 1 },
          enabled: true,
          enabledAt: NOW,
          createdAt: NOW,
          updatedAt: NOW,
        },
      },
      expect.objectContaining({ data: expect.objectContaining({ id: 'code:b', anchor: 0 }) }),
    ]);
  });

  it('is not written again while it is as it is stored', () => {
    expect(changes(declared('a', 'every 7m'), stored('code:a'))).toBeUndefined();
  });

  it('changes in place, with its phase and what people have said', () => {
    const old = stored('code:a', { enabled: false, metadata: { by: 'hand' } });
    const puts = codeChanges([declared('a', 'every 9m', { payload: 1 })], [old], NOW);
    const { version: _, lastFire: __, ...data } = old;
    expect(puts).toEqual([{ expected: 3, data: { ...data, expression: 'every 9m', payload: 1, updatedAt: NOW } }]);
  });

  it('takes an interval in place of a cron from when the schedule first existed', () => {
    expect(changes(declared('a', 'every 9m'), stored('code:a', { expression: '@daily', anchor: 0 }))?.anchor).toBe(500);
    const [put] = codeChanges([declared('a', 'every 7m')], [], NOW, new Map([['code:a', 77]]));
    expect(put?.data.anchor).toBe(77);
  });
});

it('comes back as it was last when it is stored no more: phase, switch, and what it has missed', () => {
  const gone = new Map([['code:a', stored('code:a', { enabled: false, lastFire: 900, metadata: { by: 'hand' } })]]);
  expect(codeChanges([declared('a', 'every 7m')], [], NOW, new Map(), gone)).toMatchObject([
    { expected: 0, data: { anchor: 500, createdAt: 500, enabled: false, enabledAt: 900, metadata: { by: 'hand' } } },
  ]);
  // What is stored counts.
  expect(codeChanges([declared('a', 'every 7m')], [stored('code:a')], NOW, new Map(), gone)).toEqual([]);
});

describe('enabled: false in the code', () => {
  const off = declared('a', 'every 7m', { enabled: false });
  const on = declared('a', 'every 7m');

  it('disables once, and enables again when it goes; meanwhile nothing is missed', () => {
    expect(changes(off)).toMatchObject({ enabled: false, disabledInCode: 'was enabled' });
    const disabled = changes(off, stored('code:a'));
    expect(disabled).toMatchObject({ enabled: false, disabledInCode: 'was enabled', enabledAt: 500 });
    const enabled = changes(on, { ...stored('code:a'), ...disabled });
    expect(enabled).toMatchObject({ enabled: true, enabledAt: NOW });
    expect(enabled?.disabledInCode).toBeUndefined();
  });

  it('leaves it enabled when people have enabled it since', () => {
    expect(changes(off, stored('code:a', { disabledInCode: 'was enabled' }))).toBeUndefined();
  });

  it('does not enable what people had disabled before', () => {
    const both = changes(off, stored('code:a', { enabled: false }));
    expect(both).toMatchObject({ enabled: false, disabledInCode: 'was disabled' });
    expect(changes(on, { ...stored('code:a'), ...both })).toMatchObject({ enabled: false });
  });
});

it('a version is what is declared, in whichever order', () => {
  const [a, b] = [declared('a', 'every 7m'), declared('b', '@daily')];
  expect(versionOf([a, b])).toBe(versionOf([b, a]));
  for (const other of [declared('a', 'every 8m'), declared('a', 'every 7m', { payload: 1 })]) {
    expect(versionOf([other, b])).not.toBe(versionOf([a, b]));
  }
});
