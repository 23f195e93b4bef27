import { describe, expect, it } from '@jest/globals';
import type { DeclaredJob } from '../../store/ports/declared-job.js';
import type { ScheduleDeclaration, StoredSchedule } from '../../store/ports/schedule-store.js';
import { deciders, isOneFamily, liveVersions, removedOf, staleFor, toRemoved } from './families.js';

const NOW = 1_000_000;
const LIVE_FOR = 100;

const stored = (job: string, source: 'code' | 'api' = 'code'): StoredSchedule =>
  ({ id: `${source}:${job}`, job, source }) as StoredSchedule;

/** A version of code that has these jobs, each with a schedule. */
function version(name: string, jobs: string[], more: Partial<ScheduleDeclaration> = {}): ScheduleDeclaration {
  const declared = jobs.map((job) => ({ name: job }) as DeclaredJob);
  return { version: name, ids: jobs.map((job) => `code:${job}`), bootedAt: 1, seenAt: NOW, jobs: declared, ...more };
}
const away = { seenAt: NOW - 2 * LIVE_FOR };

function stale(self: ScheduleDeclaration, all: readonly StoredSchedule[], others: readonly ScheduleDeclaration[]) {
  const known = [self, ...others];
  return staleFor(self, all, liveVersions(known, NOW, LIVE_FOR), known).map(({ id }) => id);
}

describe('the versions that run', () => {
  it('are those that have been seen lately', () => {
    const seen = [version('a', []), version('b', [], away), toRemoved(stored('x'), NOW)];
    expect(liveVersions(seen, NOW, LIVE_FOR).map((each) => each.version)).toEqual(['a']);
    expect(liveVersions(seen, NOW, 300).map((each) => each.version)).toEqual(['a', 'b']);
  });

  it('have their say in a schedule by who of them that declare it booted last', () => {
    const deciding = deciders([
      version('new', ['both'], { bootedAt: 2 }),
      version('old', ['both', 'gone']),
      version('other service', ['its']),
    ]);
    expect(Object.fromEntries(deciding)).toEqual({
      'code:both': 'new',
      'code:gone': 'old',
      'code:its': 'other service',
    });
  });
});

describe('versions of one family', () => {
  it.each<[boolean, string, ScheduleDeclaration, ScheduleDeclaration]>([
    [true, 'a job in common', version('1', ['a', 'b']), version('2', ['b', 'c'])],
    [false, 'no job in common', version('1', ['a']), version('2', ['c'])],
    [true, 'one name, no job in common', version('1', ['a'], { app: 'x' }), version('2', ['c'], { app: 'x' })],
    [false, 'two names, a job in common', version('1', ['a'], { app: 'x' }), version('2', ['a'], { app: 'y' })],
    [true, 'a name that is new, a job in common', version('1', ['a']), version('2', ['a'], { app: 'x' })],
    [
      true,
      'told by an earlier library',
      { ...version('1', []), ids: ['code:a#2'], jobs: undefined! },
      version('2', ['a']),
    ],
  ])('%s: %s', (expected, _, a, b) => {
    expect(isOneFamily(a, b)).toBe(expected);
    expect(isOneFamily(b, a)).toBe(expected);
  });
});

describe('a schedule that this version does not declare', () => {
  const self = version('new', ['kept'], { bootedAt: 5 });
  const both = [stored('kept'), stored('gone'), stored('made', 'api')];

  it('is stale when an earlier version of its family declared it, and none that runs does', () => {
    expect(stale(self, both, [version('old', ['kept', 'gone'], away)])).toEqual(['code:gone']);
    expect(stale(self, both, [version('old', ['kept', 'gone'])])).toEqual([]);
  });

  it('is left alone when another family declared it, though that is away', () => {
    expect(stale(self, both, [version('other', ['gone'], away)])).toEqual([]);
  });

  it('is left alone when a version that booted later declared it', () => {
    expect(stale(self, both, [version('canary', ['kept', 'gone'], { ...away, bootedAt: 6 })])).toEqual([]);
  });

  it('is judged by its job when its declaration is forgotten', () => {
    const second = { ...stored('kept'), id: 'code:kept#2' };
    expect(stale(self, [...both, second], [])).toEqual(['code:kept#2']);
  });
});

it('a removed schedule is remembered for a day', () => {
  const day = 24 * 3_600_000;
  const declared = [toRemoved(stored('a'), NOW), toRemoved(stored('b'), NOW - day)];
  expect([...removedOf(declared, NOW).keys()]).toEqual(['code:a']);
});
