import { describe, expect, it } from '@jest/globals';
import { bucketOf, percentile } from './duration-sketch.js';

function told(durations: readonly number[], quantile: number): number {
  const buckets = new Map<number, number>();
  for (const duration of durations) {
    const bucket = bucketOf(duration);
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
  }
  return percentile(buckets, quantile);
}

describe('the sketch of durations', () => {
  it('tells any one duration within 5 %', () => {
    for (let ms = 0; ms < 31_536_000_000; ms = Math.ceil(ms * 1.013 + 1)) {
      expect(Math.abs(told([ms], 0.5) - ms)).toBeLessThanOrEqual(ms * 0.05);
    }
  });

  it('is exact up to ten milliseconds', () => {
    for (let ms = 0; ms <= 10; ms++) expect(told([ms], 1)).toBe(ms);
  });

  it('takes few buckets for all durations that there are', () => {
    expect(bucketOf(0)).toBe(0);
    expect(bucketOf(1)).toBe(1);
    expect(bucketOf(31_536_000_000)).toBeLessThan(260);
  });

  it.each([
    [[], 0.5, 0],
    [[3], 0.5, 3],
    [[1, 2, 3, 4], 0.5, 2],
    [[4, 3, 2, 1], 0.75, 3],
    [[1, 2, 3, 4], 0.95, 4],
    [[0, 0, 0, 9], 0.75, 0],
  ])('of %j the share %d is %d', (durations, quantile, expected) => {
    expect(told(durations, quantile)).toBe(expected);
  });
});
