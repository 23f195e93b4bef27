import { expect, test } from '@jest/globals';
import type { Outcome } from '../execution/outcome/outcome.js';
import { ActiveJob, type LaneTelling } from './active-job.js';
import type { FetchedJob } from './fetch-result.js';

const completed: Outcome = { kind: 'completed', result: 1, write: undefined };

function activeJob(outcomes: (() => Promise<unknown>)[], wants = true) {
  const seen: string[] = [];
  const lane: LaneTelling = { tell: () => outcomes.shift()!(), holdLock: () => undefined };
  const next = {
    wants: () => (seen.push('asked'), wants),
    sent: () => void seen.push('sent'),
    failed: () => void seen.push('failed'),
  };
  return { seen, job: new ActiveJob({ id: '1', json: {} } as FetchedJob, 'token', lane, next) };
}

test('a fetch that goes along with the telling is under way only while that is', async () => {
  const { seen, job } = activeJob([
    () => Promise.reject(new Error('away')),
    () => {
      throw new TypeError('not even sent');
    },
    () => Promise.resolve('told'),
  ]);
  await expect(job.finish(completed)).rejects.toThrow('away');
  expect(seen).toEqual(['asked', 'sent', 'failed']);
  await expect(job.finish(completed)).rejects.toThrow('not even sent');
  expect(await job.finish(completed)).toBe('told');
  expect(seen.slice(3)).toEqual(['sent', 'failed', 'sent']);
});

test('none goes along where none is wanted, or the job is given back', async () => {
  const unwanted = activeJob([() => Promise.resolve('told')], false);
  await unwanted.job.finish(completed);
  expect(unwanted.seen).toEqual(['asked']);
  const released = activeJob([() => Promise.resolve('told')]);
  await released.job.finish({ kind: 'release' });
  expect(released.seen).toEqual([]);
});
