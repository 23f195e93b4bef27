/** From when the time limit of an attempt counts. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { OwnLogger } from '#src/common/own-logger.js';
import { SystemClock } from '#src/common/clock.js';
import type { JobDefinition } from '#src/definition/job-definition.js';
import { JobCancelError } from '#src/errors/outcome-errors.js';
import { OverlapGuards } from '#src/execution/overlap/overlap-guards.js';
import { Attempt } from '#src/execution/attempt.js';
import { OnFailAction } from '#src/execution/on-fail.js';
import type { OtherRuns } from '#src/execution/overlap/run-leases.js';
import type { RegisteredJob } from '#src/discovery/registered-job.js';
import { openStore } from '#src/store/open-store.js';
import type { Store } from '#src/store/ports/ports.js';
import type { QueuedExecution } from '#src/store/codecs/queued-execution.js';
import { gate } from '../support/gate.js';
import { HeldClock, turns } from '../support/held-clock.js';
import { randomPrefix } from '../support/prefix.js';

const TIMEOUT = 1_234;

let store: Store;
beforeAll(async () => {
  Logger.overrideLogger(false);
  store = await openStore({ connection: 'memory:', prefix: randomPrefix(), clock: new SystemClock() });
});
afterAll(() => store.close());

/** A run whose store answers when the test says so. */
function begin(changes: Partial<JobDefinition> = {}) {
  const clock = new HeldClock();
  const name = randomPrefix();
  const [answers, ends] = [gate(), gate()];
  const seen: Date[] = [];
  const late = <T extends object>(part: T, ...methods: (keyof T)[]): T => {
    const slow = methods.map((method) => {
      const call = (...args: unknown[]) =>
        answers.opened.then(() => (part[method] as (...given: unknown[]) => unknown).apply(part, args));
      return [method, { value: call }];
    });
    return Object.create(part, Object.fromEntries(slow)) as T;
  };
  const logger = new OwnLogger();
  const definition = {
    name,
    retry: { max: 0, backoff: 'fixed', delay: 1, maxDelay: 1, jitter: 0 },
    timeout: TIMEOUT,
    overlap: { policy: 'wait', key: undefined },
    retention: { count: 1, age: 1_000, failed: 1_000 },
    onShutdown: 'wait',
    steps: [],
    ...changes,
  } as unknown as JobDefinition;
  const registered: RegisteredJob = {
    definition,
    invoker: {
      attempt: async (payload, ctx, body) =>
        body({ run: () => seen.push(ctx.deadline) && ends.opened } as never, payload),
      onFail: undefined,
    },
    provider: undefined,
  };
  const others = { isGoingOn: async () => true } as Partial<OtherRuns> as OtherRuns;
  const locks = () => late(store.locks, 'acquire');
  const services = {
    executions: late(store.executions, 'load'),
    clock,
    logger,
    workerId: 'w',
    history: true,
    logStacks: false,
    onFail: new OnFailAction(clock, logger, async () => undefined),
    admission: new OverlapGuards({ locks, others, clock, lockDuration: 60_000, shutdownTimeout: 1_000 }),
  };
  const started = {
    id: randomPrefix(),
    job: name,
    queue: 'default',
    payload: {},
    metadata: {},
    overrides: {},
    attempt: 1,
    maxAttempts: 1,
    fence: 2,
    crashes: 0,
    ownId: true,
  } as unknown as QueuedExecution;
  const attempt = new Attempt(services, started, registered, {
    progress: async () => undefined,
    keep: async () => undefined,
  });
  const limits = () => clock.pending.filter((ms) => ms === TIMEOUT).length;
  return { attempt: attempt.start(), clock, limits, seen, answer: answers.open, end: ends.open };
}

test('counts from the start of the handler, however long the store takes before', async () => {
  const { attempt, clock, limits, seen, answer, end } = begin();
  await turns();
  expect(limits()).toBe(0);
  answer();
  await turns(20);
  expect(seen).toEqual([new Date(clock.now() + TIMEOUT)]);
  expect(limits()).toBe(1);
  end();
  expect(await attempt.outcome).toMatchObject({ kind: 'completed' });
  await turns();
  expect(limits()).toBe(0);
});

test('ends a handler, and a schema, that take longer', async () => {
  const never = new Promise<never>(() => undefined);
  const schema = { '~standard': { version: 1, vendor: 'test', validate: () => never } } as StandardSchemaV1;
  for (const changes of [{}, { schema }]) {
    const { attempt, clock, limits, answer } = begin(changes);
    answer();
    await turns(20);
    expect(limits()).toBe(1);
    clock.fire();
    expect(await attempt.outcome).toMatchObject({ kind: 'failed', error: { code: 'JOB_TIMEOUT' } });
  }
});

test('bounds how long one that was cancelled waits for the store', async () => {
  const { attempt, clock, limits } = begin();
  await turns();
  attempt.abort(new JobCancelError('enough'));
  expect(limits()).toBe(1);
  clock.fire();
  expect(await attempt.outcome).toMatchObject({ kind: 'cancelled', reason: 'enough' });
});
