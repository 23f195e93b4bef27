import { describe, expect, it } from '@jest/globals';
import {
  JobAbortError,
  JobCancelError,
  JobLockLostError,
  JobPoisonedError,
  JobRefusedError,
  JobShutdownError,
  JobSnoozeError,
  JobTimeoutError,
} from '../../errors/outcome-errors.js';
import { PayloadInvalidError, ResultInvalidError } from '../../errors/payload-errors.js';
import { JobUnknownError } from '../../errors/unknown-name-errors.js';
import { classify, isFinalError } from './classify.js';

const policy = { max: 3, backoff: 'exponential', delay: 1_000, maxDelay: 3_600_000, jitter: 0 } as const;

describe('outcome by error', () => {
  const rows: [name: string, error: Error, attempt: number, verdict: object][] = [
    ['a plain error with attempts left', new Error('x'), 1, { kind: 'retry', delay: 1_000 }],
    ['the third attempt', new Error('x'), 3, { kind: 'retry', delay: 4_000 }],
    ['the last attempt', new Error('x'), 4, { kind: 'failed' }],
    ['a timeout with attempts left', new JobTimeoutError('Job "a"', 5), 1, { kind: 'retry', delay: 1_000 }],
    ['a timeout of the last attempt', new JobTimeoutError('Job "a"', 5), 4, { kind: 'failed' }],
    ['JobAbortError', new JobAbortError('no use'), 1, { kind: 'failed' }],
    ['a refusing guard', new JobRefusedError('no'), 1, { kind: 'failed' }],
    ['a payload that no longer fits', new PayloadInvalidError('a', 'is bad'), 1, { kind: 'failed' }],
    ['a result that is not JSON', new ResultInvalidError('job "a"', 'is not JSON'), 1, { kind: 'failed' }],
    ['a job that is not registered', new JobUnknownError('a', []), 1, { kind: 'failed' }],
    ['a job that kills its worker', new JobPoisonedError(3), 1, { kind: 'failed' }],
    ['JobCancelError', new JobCancelError('by hand'), 4, { kind: 'cancelled', reason: 'by hand' }],
    ['JobSnoozeError on the last attempt', new JobSnoozeError('5m'), 4, { kind: 'snooze', delay: 300_000 }],
    ['shutdown on the last attempt', new JobShutdownError(), 4, { kind: 'requeue' }],
    ['a lost lock on the last attempt', new JobLockLostError('1'), 4, { kind: 'lost' }],
  ];

  it.each(rows)('%s', (_name, error, attempt, verdict) => {
    expect(classify(error, attempt, 4, policy)).toEqual(verdict);
  });

  it('refuses a snooze of rubbish', () => {
    expect(() => classify(new JobSnoozeError('soon'), 1, 4, policy)).toThrow('"soon" is not a duration');
  });

  it('gives a step no retries where its error ends the attempt', () => {
    expect([new JobAbortError('x'), new JobCancelError(), new JobSnoozeError(1)].map(isFinalError)).toEqual([
      true,
      true,
      true,
    ]);
    expect([new Error('x'), new JobTimeoutError('Step "a"', 1)].map(isFinalError)).toEqual([false, false]);
  });
});
