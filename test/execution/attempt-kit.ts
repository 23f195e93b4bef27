/** One attempt of a job, on a store in memory. */
import { afterAll, beforeAll, expect } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { SystemClock } from '#src/common/clock.js';
import { OwnLogger } from '#src/common/own-logger.js';
import type { JobContext, JobFailure } from '#src/definition/job-context.js';
import type { JobDefinition, StepDefinition } from '#src/definition/job-definition.js';
import { Attempt } from '#src/execution/attempt.js';
import type { AttemptServices } from '#src/execution/attempt-services.js';
import { OnFailAction } from '#src/execution/on-fail.js';
import type { Outcome } from '#src/execution/outcome/outcome.js';
import type { JobHandlers } from '#src/discovery/handlers/job-invoker.js';
import type { RegisteredJob } from '#src/discovery/registered-job.js';
import { openStore } from '#src/store/open-store.js';
import type { Store } from '#src/store/ports/ports.js';
import type { QueuedExecution } from '#src/store/codecs/queued-execution.js';
import { randomPrefix } from '../support/prefix.js';

export const clock = new SystemClock();
export const noRetry = { max: 0, backoff: 'fixed', delay: 1, maxDelay: 1, jitter: 0 } as const;
export let store: Store;
let ids = 0;

beforeAll(async () => {
  Logger.overrideLogger(false);
  store = await openStore({ connection: 'memory:', prefix: randomPrefix(), clock });
});
afterAll(async () => {
  await store.close();
  Logger.overrideLogger(['error', 'warn', 'log']);
});

type Run = (payload: unknown, ctx: JobContext) => unknown;

function define(changes: Partial<JobDefinition>): JobDefinition {
  return {
    name: 'test.job',
    source: 'test',
    description: undefined,
    schedules: [],
    runOnStart: false,
    enabled: true,
    queue: 'default',
    priority: 0,
    concurrency: undefined,
    retry: { max: 3, backoff: 'exponential', delay: 1_000, maxDelay: 3_600_000, jitter: 0 },
    timeout: 60_000,
    overlap: { policy: 'allow', key: undefined },
    misfire: 'skip',
    misfireThreshold: 60_000,
    maxCatchUp: 100,
    unique: undefined,
    retention: { count: 100, age: 60_000, failed: 60_000 },
    onShutdown: 'wait',
    schema: undefined,
    onFail: undefined,
    steps: [],
    ...changes,
  };
}

export function job(
  handlers: Run | Record<string, Run>,
  changes: Partial<JobDefinition> = {},
  onFail?: (f: JobFailure) => Promise<void>,
) {
  const single = typeof handlers === 'function';
  const steps = single
    ? []
    : Object.keys(handlers).map((name): StepDefinition => ({ name, method: name, timeout: undefined, retry: noRetry }));
  const bound: JobHandlers = {
    run: (payload, ctx) => (handlers as Run)(payload, ctx),
    step: (method, payload, ctx) => (handlers as Record<string, Run>)[method]!(payload, ctx),
  };
  const registered: RegisteredJob = {
    definition: define({ steps, ...changes }),
    invoker: { attempt: async (payload, _ctx, body) => body(bound, payload), onFail },
    provider: undefined,
  };
  return registered;
}

export function started(changes: Partial<QueuedExecution> = {}): QueuedExecution {
  return {
    id: `id-${++ids}`,
    job: 'test.job',
    queue: 'default',
    payload: { n: 1 },
    trigger: 'enqueue',
    scheduleId: undefined,
    scheduledFor: undefined,
    metadata: {},
    overrides: {},
    createdAt: clock.now(),
    attempt: 1,
    maxAttempts: 4,
    fence: 1,
    crashes: 0,
    ownId: false,
    ...changes,
  };
}

export function begin(registered: RegisteredJob, start: QueuedExecution, services: Partial<AttemptServices> = {}) {
  const logger = new OwnLogger();
  const attempt = new Attempt(
    {
      executions: store.executions,
      clock,
      logger,
      logStacks: true,
      workerId: 'w1',
      history: true,
      onFail: new OnFailAction(clock, logger, async () => undefined),
      ...services,
    },
    start,
    registered,
    { progress: async () => undefined, keep: async () => undefined },
  );
  return { attempt: attempt.start() };
}

export async function record(outcome: Outcome): Promise<void> {
  const writes = 'write' in outcome && outcome.write ? [outcome.write] : [];
  expect(await store.executions.write(writes)).toEqual(writes.map(() => true));
}
