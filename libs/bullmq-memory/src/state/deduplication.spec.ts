import { expect, test } from '@jest/globals';
import { Deduplication } from './deduplication.js';

test('an id is free when its time is over, and can be handed over before', () => {
  const ids = new Deduplication();
  ids.hold('a', 'job-1', 1_000, 500);
  ids.hold('b', 'job-1', 1_000);
  ids.handOver('a', 'job-2', 1_200);
  expect(ids.ttl('a', 1_200)).toBe(300);
  expect(ids.holder('a', 1_499)).toBe('job-2');
  expect(ids.holder('a', 1_500)).toBeUndefined();
  expect(ids.ttl('b', 9_999)).toBe(Infinity);
  expect(ids.release('b', 'job-2', 9_999)).toBe(false);
  expect(ids.release('b', 'job-1', 9_999)).toBe(true);
});

test('ids that are never asked for again do not pile up', () => {
  const ids = new Deduplication();
  for (let n = 0; n < 100_000; n++) ids.hold(`user-${n}`, `job-${n}`, n, 10);
  expect((ids as unknown as { keys: Map<string, unknown> }).keys.size).toBeLessThan(1_100);
});
