/**
 * How durations are counted, so that percentiles can be told of any number of them, over all processes, from a few hundred
 * counters: in buckets whose bounds grow by a tenth each. All that is known of a duration then is its bucket, whose middle is
 * at most 4.8 % off. Up to ten milliseconds no two whole ones share a bucket.
 */
const GROWTH = 1.1;
const LOG_GROWTH = Math.log(GROWTH);

/** From here on, buckets hold more than one whole millisecond. */
const EXACT = 10;

/** The bucket of a duration in whole milliseconds: 0 for none at all, else one more than the power of `GROWTH` that it reaches. */
export function bucketOf(milliseconds: number): number {
  return milliseconds < 1 ? 0 : 1 + Math.ceil(Math.log(milliseconds) / LOG_GROWTH - 1e-9);
}

/** The value in a bucket whose relative distance to both its bounds is the same. */
function middleOf(bucket: number): number {
  const middle = bucket === 0 ? 0 : (2 * GROWTH ** (bucket - 1)) / (1 + GROWTH);
  return middle < EXACT + 0.5 ? Math.round(middle) : middle;
}

/**
 * The duration below which the share `quantile` of all lies, in milliseconds; 0 when there are none.
 * @param buckets how many durations each bucket has.
 */
export function percentile(buckets: ReadonlyMap<number, number>, quantile: number): number {
  const sorted = [...buckets].toSorted(([a], [b]) => a - b);
  const all = sorted.reduce((sum, [, count]) => sum + count, 0);
  let left = Math.ceil(quantile * all);
  for (const [bucket, count] of sorted) {
    left -= count;
    if (left <= 0) return middleOf(bucket);
  }
  return 0;
}
