/** Files that take long come first, so that none of them goes on by itself at the end. Jest knows only after a first run. */
import TestSequencer from '@jest/test-sequencer';

const long = [
  'memory/differential',
  'store/walk',
  'http/planted-secrets',
  'package/package',
  'deploys/clock',
  'deploys/versions',
  'queues/many-calls',
  'store/embedded',
  'schedules/fleet',
  'schedules/deploys',
  'schedules/downtime',
  'overlap/',
  'deploys/',
  'store/idle',
  'store/rotation',
  'store/redis-faults',
  'store/postgres-faults',
  'execution/mutating',
  'history/',
  'locks/lock-service',
  'module/schedules',
  'module/health',
  'store/postgres.spec',
];

const rank = ({ path }) => {
  const found = long.findIndex((part) => path.includes(`/test/${part}`));
  return found < 0 ? long.length : found;
};

export default class LongFirst extends TestSequencer {
  sort(tests) {
    // oxlint-disable-next-line unicorn/no-array-sort -- Jest's own, which copies.
    return super.sort(tests).toSorted((a, b) => rank(a) - rank(b));
  }
}
