/** A process that is stopped for a while, as by `kill -STOP`, a paused container or a sleeping laptop. */
import { describe, expect, it } from '@jest/globals';
import { randomPrefix } from '../support/prefix.js';
import { sharedStores } from '../support/stores.js';
import { until } from '../support/until.js';
import { call, endsOf, runsOf, startService } from './kit.js';

const THRESHOLD = 2_000;

describe.each(sharedStores)('a process that was stopped while fires came due, on %s', (_name, url) => {
  it('judges them by each policy when it goes on, and answers the calls that were under way', async () => {
    const child = await startService({
      url,
      prefix: randomPrefix(),
      jobs: (['skip', 'once', 'all'] as const).map((misfire) => ({
        name: misfire,
        schedule: '*/5 * * * * *',
        misfire,
        misfireThreshold: THRESHOLD,
      })),
      timing: { every: 1_000 },
    });
    const policies = ['skip', 'once', 'all'];
    await until('all have fired', () => policies.every((job) => runsOf(child, job).length > 0));
    const calls = Array.from({ length: 20 }, () => call(child, 'enqueue', 'all', 1));
    process.kill(child.pid, 'SIGSTOP');
    const stoppedAt = Date.now();
    // Three fires, each of them late for longer than the threshold.
    await until('fires have come due', () => Date.now() > stoppedAt + 15_000 + THRESHOLD + 2_500);
    const wentOnAt = Date.now();
    process.kill(child.pid, 'SIGCONT');
    await Promise.all(calls);
    const missed = (job: string) =>
      runsOf(child, job).filter(({ trigger, at }) => trigger === 'catch-up' && at >= wentOnAt);
    const skipped = (job: string) => endsOf(child).filter((end) => end.type === 'skipped' && end.job === job);
    await until('all that were missed have run', () => missed('all').length >= 3 && missed('once').length >= 1);
    await until('others are recorded as skipped', () => skipped('skip').length >= 3 && skipped('once').length >= 2);
    const fires = (job: string) =>
      runsOf(child, job).filter(({ trigger, at }) => trigger === 'schedule' && at > wentOnAt);
    await until('all fire on', () => policies.every((job) => fires(job).length > 0));
    expect(missed('skip')).toEqual([]);
    expect(missed('once')).toHaveLength(1);
    const newest = Math.max(...missed('all').map(({ scheduledFor }) => scheduledFor!));
    expect(missed('once')[0]!.scheduledFor).toBe(newest);
    expect(endsOf(child).filter(({ type }) => type === 'failed')).toEqual([]);
  });
});
