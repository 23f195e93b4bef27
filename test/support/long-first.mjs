/** Files that take long come first, so that none of them goes on by itself at the end. Jest knows only after a first run. */
import TestSequencer from '@jest/test-sequencer';

const long = [
  'memory/differential',
  'schedules/fleet',
  'package/package',
  'overlap/fleet',
  'scenario/instances',
  'store/embedded',
  'schedules/deploys',
  'store/redis-faults',
  'store/postgres-faults',
  'scenario/crash',
  'locks/lock-service',
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
