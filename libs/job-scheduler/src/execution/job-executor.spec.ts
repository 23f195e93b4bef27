import { expect, test } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { HeldClock } from '../../../../test/support/held-clock.js';
import { OwnLogger } from '../common/own-logger.js';
import { JOB_DEFAULTS } from '../options/defaults.js';
import type { ExecutionWrite } from '../store/ports/execution-record.js';
import type { QueuedExecution } from '../store/codecs/queued-execution.js';
import type { AttemptServices } from './attempt-services.js';
import { JobExecutor } from './job-executor.js';

Logger.overrideLogger(false);

/** The record of a job without code in any process, which has waited for long. */
async function recorded(overrides: QueuedExecution['overrides'] = {}): Promise<ExecutionWrite> {
  const clock = new HeldClock();
  const services = { clock, logger: new OwnLogger(), workerId: 'w', history: true } as Partial<AttemptServices>;
  const executor = new JobExecutor(
    services as AttemptServices,
    { find: () => undefined, names: () => [] },
    JOB_DEFAULTS,
  );
  const createdAt = clock.now() - 86_400_000;
  const started = { id: 'x', job: 'elsewhere', queue: 'default', payload: {}, fence: 1, attempt: 1, maxAttempts: 1 };
  const given = { ...started, overrides, createdAt, metadata: {}, trigger: 'enqueue' } as unknown as QueuedExecution;
  const outcome = await executor.begin(given, { progress: async () => undefined, keep: async () => undefined }).outcome;
  if (outcome.kind !== 'failed') throw new Error(outcome.kind);
  return outcome.write!;
}

test('one that no code here stands for prunes nothing of the history of its job, whose count is not known', async () => {
  expect((await recorded()).keep.count).toBe(Number.MAX_SAFE_INTEGER);
  expect((await recorded({ retention: { count: 1, age: 5 } })).keep).toEqual({
    count: Number.MAX_SAFE_INTEGER,
    age: 5,
  });
  expect((await recorded({ retention: { count: 0 } })).keep.count).toBe(0);
});
