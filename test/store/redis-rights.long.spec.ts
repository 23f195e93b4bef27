/** A right that a Redis user lacks for long. */
import { expect, test } from '@jest/globals';
import { JobHealth } from 'nestjs-job-scheduler';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { documentedRights as documented, redisWithUsers, runOne } from './redis-rights.js';

const { admin, boot, warnings } = redisWithUsers();

test('a right to wait for jobs that is missing for long is a warning, degrades health, and keeps no job waiting', async () => {
  const prefix = randomPrefix();
  const started = await boot(`${documented(prefix)} -bzpopmin`, prefix);
  expect(await runOne(started, 'you')).toBe('hello you');
  const warning = await until('it is warned of', () => warnings.find((text) => text.includes('bzpopmin')));
  expect(warning).toMatch(/Jobs of queue "\w+" start late/);
  await until('health tells', async () => {
    const { worker } = await started.get(JobHealth, { strict: false }).report();
    return worker.refused?.includes('default');
  });
  expect(await runOne(started, 'again')).toBe('hello again');
  await admin().call('ACL', 'SETUSER', prefix, '+bzpopmin');
  await until('all is well', async () => {
    const { worker } = await started.get(JobHealth, { strict: false }).report();
    return worker.refused === undefined;
  });
  expect(warnings).toHaveLength(1);
});
