import { expect, it } from '@jest/globals';
import { SystemClock } from '../common/clock.js';
import { withTimeLimit } from './time-limit.js';

it('does not keep the process up for work that goes on after all has closed', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  let end!: (value: string) => void;
  const work = withTimeLimit(
    { clock: new SystemClock(), what: 'It', timeout: 60_000 },
    () => new Promise<string>((resolve) => (end = resolve)),
  );
  expect(timers()).toBe(before);
  end('done');
  expect(await work).toBe('done');
});
