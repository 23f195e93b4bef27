import { describe, expect, it } from '@jest/globals';
import type { JobDefinition } from '../../definition/job-definition.js';
import type { QueuedExecution } from '../../store/codecs/queued-execution.js';
import { isLimited, limitsOf } from './run-limits.js';

const define = (changes: Partial<JobDefinition>): JobDefinition =>
  ({
    name: 'a:job',
    overlap: { policy: 'allow', key: undefined },
    concurrency: undefined,
    ...changes,
  }) as JobDefinition;
const start = (changes: Partial<QueuedExecution> = {}): QueuedExecution =>
  ({
    id: '1',
    queue: 'default',
    payload: { of: 'x' },
    overrides: {},
    scheduleId: undefined,
    ...changes,
  }) as QueuedExecution;
const keyOf = (definition: JobDefinition, started = start()) => limitsOf(definition, started).overlap?.key;

const byPayload = (payload: { of: string }) => payload.of;

describe('the leases of a run', () => {
  it('are none for a job that says nothing', () => {
    expect(isLimited(define({}), start())).toBe(false);
    expect(limitsOf(define({}), start())).toEqual({ overlap: undefined, cap: undefined });
  });

  it('are by job, for all its schedules; by key within it', () => {
    const job = define({ overlap: { policy: 'skip', key: undefined } });
    expect(isLimited(job, start())).toBe(true);
    expect(keyOf(job)).toBe('run:["job","a:job"]');
    expect(keyOf(job, start({ scheduleId: 'code:a:job' }))).toBe(keyOf(job));
    const keyed = define({ overlap: { policy: 'wait', key: byPayload } });
    expect(keyOf(keyed)).toBe('run:["job","a:job","x"]');
    expect(keyOf(keyed, start({ payload: { of: '' } }))).not.toBe(keyOf(job));
  });

  it('are by schedule where that has a policy of its own, which may be to allow', () => {
    const job = define({ overlap: { policy: 'skip', key: undefined }, concurrency: 2 });
    const own = start({ scheduleId: 'night', overrides: { overlap: 'replace' } });
    expect(limitsOf(job, own).overlap).toEqual({ key: 'run:["schedule","night"]', policy: 'replace' });
    const allowed = start({ scheduleId: 'night', overrides: { overlap: 'allow' } });
    expect(limitsOf(job, allowed)).toEqual({
      overlap: undefined,
      cap: { key: 'run:["concurrency","a:job"]', slots: 2 },
    });
    expect(isLimited(define({ overlap: { policy: 'skip', key: undefined } }), allowed)).toBe(false);
    expect(isLimited(define({}), own)).toBe(true);
  });

  it('have keys of bounded length, each its own', () => {
    const job = define({ overlap: { policy: 'wait', key: byPayload } });
    const [one, other] = ['y', 'z'].map((end) => keyOf(job, start({ payload: { of: 'x'.repeat(5_000) + end } })));
    expect(one!.length).toBeLessThan(100);
    expect(one).not.toBe(other);
  });

  it.each([
    ['throws', () => JSON.parse('{')],
    ['gives no text', () => 7],
    ['gives a promise', () => Promise.reject(new Error('late'))],
  ])('cannot be told when the key function %s', (_what, key) => {
    const job = define({ overlap: { policy: 'wait', key: key as never } });
    expect(() => limitsOf(job, start())).toThrow(
      expect.objectContaining({
        code: 'JOB_KEY_INVALID',
        message: expect.stringContaining('overlap.key of job "a:job"'),
      }),
    );
  });
});
