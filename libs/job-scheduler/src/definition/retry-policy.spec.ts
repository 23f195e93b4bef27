import { describe, expect, it } from '@jest/globals';
import { OptionFaults } from '../common/option-faults.js';
import { resolveRetry, retryDelay, type RetryPolicy } from './retry-policy.js';

const HOUR = 3_600_000;
const DEFAULTS: RetryPolicy = { max: 3, backoff: 'exponential', delay: 1000, maxDelay: HOUR, jitter: 0 };
const error = new Error('boom');

function resolve(value: unknown, defaults = DEFAULTS) {
  const faults = new OptionFaults();
  return { policy: resolveRetry(value, defaults, 'retry', faults), faults: faults.list };
}

describe('resolveRetry', () => {
  const own = () => 5;
  it.each<[unknown, Partial<RetryPolicy>]>([
    [undefined, {}],
    [0, { max: 0 }],
    [5, { max: 5 }],
    [{}, {}],
    [{ max: 7 }, { max: 7 }],
    [
      { backoff: 'fixed', delay: '30s' },
      { backoff: 'fixed', delay: 30_000 },
    ],
    [{ backoff: own }, { backoff: own }],
    [
      { delay: 10, maxDelay: '1m', jitter: 0.2 },
      { delay: 10, maxDelay: 60_000, jitter: 0.2 },
    ],
    [{ delay: '2h' }, { delay: 2 * HOUR, maxDelay: 2 * HOUR }],
    [{ max: undefined, delay: undefined }, {}],
  ])('%p gives the defaults with %p', (value, differing) => {
    expect(resolve(value)).toEqual({ policy: { ...DEFAULTS, ...differing }, faults: [] });
  });

  it.each<[unknown, string, string]>([
    [-1, 'retry', '-1 is not allowed. Allowed: a whole number from 0 to 1,000,000.'],
    [1.5, 'retry', '1.5 is not allowed. Allowed: a whole number from 0 to 1,000,000.'],
    [Infinity, 'retry', 'Infinity is not allowed. Allowed: a whole number from 0 to 1,000,000.'],
    ['3', 'retry', '"3" is not an object. Allowed options: max, backoff, delay, maxDelay, jitter.'],
    [null, 'retry', 'null is not an object. Allowed options: max, backoff, delay, maxDelay, jitter.'],
    [
      { maxx: 3 },
      'retry.maxx',
      'There is no such option. Did you mean "max"? Known: max, backoff, delay, maxDelay, jitter.',
    ],
    [{ delay: 'soon' }, 'retry.delay', '"soon" is not a duration.'],
    [{ delay: '2m', maxDelay: '1m' }, 'retry.maxDelay', '"1m" is less than delay, "2m". Allowed: delay or more.'],
    [{ jitter: 1.1 }, 'retry.jitter', '1.1 is not allowed. Allowed: a number from 0 to 1.'],
    [{ jitter: Number.NaN }, 'retry.jitter', 'NaN is not allowed. Allowed: a number from 0 to 1.'],
    [
      { backoff: 'linear' },
      'retry.backoff',
      '"linear" is not allowed. Allowed: "exponential", "fixed", or a function (retry, error) => milliseconds.',
    ],
  ])('%p is a fault', (value, at, problem) => {
    expect(resolve(value).faults).toEqual([{ at, problem: expect.stringContaining(problem) }]);
  });

  it('reports all faults and keeps the defaults for them', () => {
    const { policy, faults } = resolve({ max: -1, delay: '', jitter: 2, backoff: 3 });
    expect(faults.map((fault) => fault.at).toSorted()).toEqual([
      'retry.backoff',
      'retry.delay',
      'retry.jitter',
      'retry.max',
    ]);
    expect(policy).toEqual(DEFAULTS);
  });
});

describe('retryDelay', () => {
  const delays = (policy: Partial<RetryPolicy>, count: number, random = () => 0.5) =>
    Array.from({ length: count }, (_, index) => retryDelay({ ...DEFAULTS, ...policy }, index + 1, error, random));

  it('doubles by default', () => {
    expect(delays({}, 5)).toEqual([1000, 2000, 4000, 8000, 16_000]);
  });

  it('stops at maxDelay, however many retries there were', () => {
    expect(delays({ maxDelay: 5000 }, 5)).toEqual([1000, 2000, 4000, 5000, 5000]);
    expect(retryDelay(DEFAULTS, 1_000_000, error)).toBe(HOUR);
    expect(retryDelay({ ...DEFAULTS, delay: 0 }, 1_000_000, error)).toBe(0);
  });

  it('stays the same when fixed', () => {
    expect(delays({ backoff: 'fixed', delay: 250 }, 3)).toEqual([250, 250, 250]);
  });

  it('is spread evenly by jitter, over the cap too', () => {
    expect(delays({ jitter: 0.2 }, 2, () => 0)).toEqual([800, 1600]);
    expect(delays({ jitter: 0.2 }, 2, () => 1)).toEqual([1200, 2400]);
    expect(delays({ jitter: 1 }, 1, () => 0)).toEqual([0]);
    expect(delays({ jitter: 0.5, maxDelay: 1000 }, 2, () => 1)).toEqual([1500, 1500]);
  });

  it('asks a function, and gives it the retry and the error', () => {
    const seen: unknown[] = [];
    const backoff = (retry: number, given: Error) => {
      seen.push([retry, given]);
      return retry * 10;
    };
    expect(delays({ backoff }, 3)).toEqual([10, 20, 30]);
    expect(seen).toEqual([
      [1, error],
      [2, error],
      [3, error],
    ]);
  });

  it.each<[string, () => unknown, number]>([
    ['over maxDelay', () => 1e12, HOUR],
    ['fractions', () => 10.4, 10],
    ['infinity', () => Infinity, HOUR],
  ])('bounds what a function gives: %s', (_, backoff, expected) => {
    expect(retryDelay({ ...DEFAULTS, backoff: backoff as () => number }, 1, error)).toBe(expected);
  });

  it.each<[string, () => unknown, string]>([
    ['throws', () => raise(new Error('bad sum')), 'threw'],
    ['throws nothing', () => raise(undefined), 'threw undefined'],
    ['gives NaN', () => Number.NaN, 'gave NaN'],
    ['gives a negative number', () => -5, 'gave -5'],
    ['gives a text', () => '5s', 'gave "5s"'],
    ['gives nothing', () => undefined, 'gave undefined'],
    ['gives a promise that rejects', () => Promise.reject(new Error('late')), 'gave Promise'],
  ])('takes the exponential delay when a function %s', (_, backoff, text) => {
    const reports: string[] = [];
    const policy = { ...DEFAULTS, backoff: backoff as () => number };
    expect(
      retryDelay(
        policy,
        3,
        error,
        () => 0.5,
        (problem) => reports.push(problem),
      ),
    ).toBe(4000);
    expect(reports).toEqual([expect.stringContaining(text)]);
  });
});

function raise(thrown: unknown): never {
  throw thrown;
}
