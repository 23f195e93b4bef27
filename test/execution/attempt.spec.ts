import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { z } from 'zod';
import { SystemClock } from '../../libs/job-scheduler/src/definition/clock.js';
import { OwnLogger } from '../../libs/job-scheduler/src/definition/own-logger.js';
import type { JobContext, JobFailure } from '../../libs/job-scheduler/src/definition/job-context.js';
import type { JobDefinition, StepDefinition } from '../../libs/job-scheduler/src/definition/job-definition.js';
import {
  JobAbortError,
  JobCancelError,
  JobLockLostError,
  JobShutdownError,
  JobSnoozeError,
} from '../../libs/job-scheduler/src/errors/outcome-errors.js';
import { Attempt, type AttemptServices } from '../../libs/job-scheduler/src/execution/attempt.js';
import { OnFailAction } from '../../libs/job-scheduler/src/execution/on-fail.js';
import type { Outcome } from '../../libs/job-scheduler/src/execution/outcome.js';
import type { JobHandlers } from '../../libs/job-scheduler/src/registry/job-invoker.js';
import type { RegisteredJob } from '../../libs/job-scheduler/src/registry/registered-job.js';
import { openStore } from '../../libs/job-scheduler/src/store/open-store.js';
import type { Store } from '../../libs/job-scheduler/src/store/ports.js';
import type { StartedJob } from '../../libs/job-scheduler/src/store/started-job.js';
import { randomPrefix } from '../support/prefix.js';

const clock = new SystemClock();
const noRetry = { max: 0, backoff: 'fixed', delay: 1, maxDelay: 1, jitter: 0 } as const;
let store: Store;
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

function job(
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

function started(changes: Partial<StartedJob> = {}): StartedJob {
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

function begin(registered: RegisteredJob, start: StartedJob, services: Partial<AttemptServices> = {}) {
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
  return { attempt };
}

async function record(outcome: Outcome): Promise<void> {
  const writes = 'write' in outcome && outcome.write ? [outcome.write] : [];
  expect(await store.executions.write(writes)).toEqual(writes.map(() => true));
}

describe('an attempt', () => {
  it('completes with the result, and a record of it', async () => {
    const start = started();
    const outcome = await begin(
      job((payload) => ({ got: payload })),
      start,
    ).attempt.outcome;
    expect(outcome).toMatchObject({ kind: 'completed', result: { got: { n: 1 } } });
    await record(outcome);
    expect(await store.executions.load(start.id)).toMatchObject({
      final: 'completed',
      fence: 1,
      head: { payload: { n: 1 }, result: { got: { n: 1 } }, trigger: 'enqueue', maxAttempts: 4 },
      attempts: [{ attempt: 1, workerId: 'w1' }],
    });
  });

  it.each<[string, unknown]>([
    ['a function', () => 1],
    ['a BigInt', 1n],
    ['a Map', new Map([[1, 2]])],
  ])('completes without a result when the result is %s', async (_name, result) => {
    const outcome = await begin(
      job(() => result),
      started(),
    ).attempt.outcome;
    expect(outcome).toMatchObject({ kind: 'completed', result: undefined });
  });

  it.each<[string, unknown, string]>([
    ['undefined', undefined, 'undefined'],
    ['a string', 'broken', 'broken'],
    [
      'a getter that throws',
      Object.defineProperty(new Error('x'), 'message', {
        get: () => {
          throw new Error('y');
        },
      }),
      '',
    ],
  ])('records a handler that throws %s', async (_name, thrown, text) => {
    const outcome = await begin(
      job(() => {
        throw thrown;
      }),
      started({ attempt: 4 }),
    ).attempt.outcome;
    expect(outcome.kind).toBe('failed');
    expect((outcome as { error: Error }).error.message).toContain(text);
    await record(outcome);
  });

  it('retries, snoozes, cancels and aborts by what is thrown', async () => {
    const by = async (error: Error) =>
      begin(
        job(() => {
          throw error;
        }),
        started(),
      ).attempt.outcome;
    expect(await by(new Error('x'))).toMatchObject({ kind: 'retry', delay: 1_000 });
    expect(await by(new JobSnoozeError('2s'))).toEqual({ kind: 'snooze', delay: 2_000 });
    expect(await by(new JobSnoozeError('rubbish'))).toMatchObject({ kind: 'retry' });
    expect(await by(new JobCancelError('enough'))).toMatchObject({ kind: 'cancelled', reason: 'enough' });
    expect(await by(new JobAbortError('no use'))).toMatchObject({ kind: 'failed', error: { message: 'no use' } });
  });

  it('follows what the enqueue changed', async () => {
    const failing = job(() => {
      throw new Error('x');
    });
    const overrides = { retry: { max: 9, backoff: 'fixed', delay: 7 }, timeout: 5 } as const;
    const outcome = await begin(failing, started({ overrides, maxAttempts: 10, attempt: 5 })).attempt.outcome;
    expect(outcome).toMatchObject({ kind: 'retry', delay: 7 });
  });

  it('checks the payload by its schema, and gives the handler its output', async () => {
    const schema = z.object({ n: z.coerce.string() });
    const good = await begin(
      job((payload) => payload, { schema }),
      started(),
    ).attempt.outcome;
    expect(good).toMatchObject({ result: { n: '1' } });
    const bad = await begin(
      job(() => 1, { schema }),
      started({ payload: 7 }),
    ).attempt.outcome;
    expect(bad).toMatchObject({ kind: 'failed', error: { code: 'PAYLOAD_INVALID' } });
  });
});

describe('the signal', () => {
  it('ends the attempt at the deadline, although the handler goes on', async () => {
    let late!: () => void;
    const ignored = new Promise<void>((resolve) => (late = resolve));
    let seen: unknown;
    const { attempt } = begin(
      job(
        async (_payload, ctx) => {
          ctx.signal.addEventListener('abort', () => (seen = ctx.signal.reason));
          await ignored;
          await ctx.step('late', () => 1);
        },
        { timeout: 30 },
      ),
      started(),
    );
    expect(await attempt.outcome).toMatchObject({ kind: 'retry', error: { code: 'JOB_TIMEOUT', timeout: 30 } });
    expect(seen).toMatchObject({ code: 'JOB_TIMEOUT' });
    late();
  });

  it.each([
    ['cancelled', new JobCancelError('by hand'), { kind: 'cancelled', reason: 'by hand' }],
    ['released', new JobShutdownError(), { kind: 'release' }],
    ['lost', new JobLockLostError('x'), { kind: 'lost' }],
  ])('once fired decides the outcome: %s', async (_name, reason, outcome) => {
    let running!: () => void;
    const runs = new Promise<void>((resolve) => (running = resolve));
    const { attempt } = begin(
      job(async (_payload, ctx) => {
        running();
        await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve));
        return 'finished all the same';
      }),
      started(),
    );
    await runs;
    attempt.abort(reason);
    expect(await attempt.outcome).toMatchObject(outcome);
  });

  it.each(['returns', 'throws'])(
    'at each turn around the moment when the handler %s, abort says what comes of it',
    async (how) => {
      const seen = new Set<string>();
      for (let turns = 0; turns < 30; turns++) {
        let end!: () => void;
        const ended = new Promise<void>((resolve) => (end = resolve));
        const { attempt } = begin(
          job(async () => {
            await ended;
            if (how === 'throws') throw new Error('x');
          }),
          started(),
        );
        end();
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        const answer = attempt.abort(new JobCancelError('by hand'));
        const { kind } = await attempt.outcome;
        expect([turns, answer, kind]).toEqual([
          turns,
          answer,
          answer ? 'cancelled' : how === 'throws' ? 'retry' : 'completed',
        ]);
        seen.add(kind);
      }
      expect(seen.size).toBe(2);
    },
  );

  it('says of a later reason that it does not count; a handler that has not begun does not begin', async () => {
    let begun = false;
    const { attempt } = begin(
      job(() => (begun = true)),
      started(),
    );
    expect(attempt.abort(new JobShutdownError())).toBe(true);
    expect(attempt.abort(new JobCancelError('by hand'))).toBe(false);
    expect(await attempt.outcome).toEqual({ kind: 'release' });
    expect(begun).toBe(false);
  });

  it('is not fired by a good end', async () => {
    let signal!: AbortSignal;
    await begin(
      job((_payload, ctx) => {
        signal = ctx.signal;
      }),
      started(),
    ).attempt.outcome;
    expect(signal.aborted).toBe(false);
  });

  it('gives up a handler that ignores a shutdown', async () => {
    const { attempt } = begin(
      job(() => new Promise(() => undefined)),
      started(),
    );
    attempt.abort(new JobShutdownError());
    attempt.giveUp();
    expect(await attempt.outcome).toEqual({ kind: 'release' });
  });
});

describe('steps', () => {
  it('run in order, once each over attempts, and the last gives the result', async () => {
    const calls: string[] = [];
    let broken = true;
    const three = job({
      first: () => (calls.push('first'), { rows: 2 }),
      second: (_payload, ctx) => {
        calls.push('second');
        if (broken) throw new Error('not yet');
        return ctx.result<{ rows: number }>('first').rows * 10;
      },
      third: (_payload, ctx) => (calls.push('third'), ctx.result<number>('second') + 1),
    });
    const start = started();
    const one = await begin(three, start).attempt.outcome;
    expect(one.kind).toBe('retry');
    await record(one);
    broken = false;
    const two = await begin(three, { ...start, attempt: 2, fence: 2 }).attempt.outcome;
    expect(two).toMatchObject({ kind: 'completed', result: 21 });
    await record(two);
    expect(calls).toEqual(['first', 'second', 'second', 'third']);
    const stored = await store.executions.load(start.id);
    expect(stored?.steps.map((step) => step.name)).toEqual(['first', 'second', 'third']);
    expect(stored?.attempts.map((each) => each.attempt)).toEqual([1, 2]);
  });

  it('written inline resume by name, too', async () => {
    const calls: string[] = [];
    const start = started();
    const inline = job(async (_payload, ctx) => {
      const a = await ctx.step('a', () => (calls.push('a'), 1));
      if (ctx.attempt === 1) throw new Error('x');
      return a + (await ctx.step('b', () => (calls.push('b'), 2)));
    });
    await record(await begin(inline, start).attempt.outcome);
    expect(await begin(inline, { ...start, attempt: 2, fence: 2 }).attempt.outcome).toMatchObject({ result: 3 });
    expect(calls).toEqual(['a', 'b']);
  });

  it('may not run twice in an attempt, and an unknown result names the known ones', async () => {
    const twice = job(async (_payload, ctx) => {
      await ctx.step('a', () => 1);
      await ctx.step('a', () => 2);
    });
    expect(await begin(twice, started()).attempt.outcome).toMatchObject({ error: { code: 'STEP_REPEATED' } });
    const unknown = job(async (_payload, ctx) => {
      await ctx.step('collect', () => 1);
      return ctx.result('colect');
    });
    const outcome = await begin(unknown, started()).attempt.outcome;
    expect((outcome as { error: Error }).error.message).toContain('Did you mean "collect"?');
  });

  it('repeat by their own retry inside the attempt, and keep their own time', async () => {
    let tries = 0;
    const registered = job({ flaky: () => (++tries < 3 ? Promise.reject(new Error('x')) : tries) });
    const steps = [{ ...registered.definition.steps[0]!, retry: { ...noRetry, max: 2 } }];
    const patient = { ...registered, definition: { ...registered.definition, steps } };
    expect(await begin(patient, started()).attempt.outcome).toMatchObject({ kind: 'completed', result: 3 });

    let stepSignal!: AbortSignal;
    const slow = job({ slow: (_p, ctx) => ((stepSignal = ctx.signal), new Promise(() => undefined)) });
    const limited = {
      ...slow,
      definition: { ...slow.definition, steps: [{ ...slow.definition.steps[0]!, timeout: 20 }] },
    };
    const outcome = await begin(limited, started()).attempt.outcome;
    expect(outcome).toMatchObject({ kind: 'retry', error: { message: 'Step "slow" timed out after 20 ms' } });
    expect(stepSignal.reason).toMatchObject({ code: 'JOB_TIMEOUT' });
  });

  it('of a run that was overtaken are refused: the run is lost', async () => {
    const start = started();
    await store.executions.recordStep(start.id, start.job, start.queue, 5, {
      name: 'newer',
      startedAt: 1,
      finishedAt: 2,
    });
    const outcome = await begin(job({ a: () => 1, b: () => 2 }), { ...start, fence: 3 }).attempt.outcome;
    expect(outcome).toEqual({ kind: 'lost' });
  });

  it('fail without retry when their result is not JSON', async () => {
    const outcome = await begin(job({ a: () => () => 1, b: () => 2 }), started()).attempt.outcome;
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'RESULT_INVALID' } });
  });
});

describe('an execution that started before', () => {
  it('is not run again when its record says that it ended', async () => {
    let runs = 0;
    const counted = job(() => ++runs);
    const start = started();
    await record(await begin(counted, start).attempt.outcome);
    const again = await begin(counted, { ...start, fence: 2, crashes: 1 }).attempt.outcome;
    expect(again).toEqual({ kind: 'completed', result: 1, write: undefined });
    const sameId = await begin(counted, { ...start, ownId: true }).attempt.outcome;
    expect(sameId).toEqual({ kind: 'completed', result: 1, write: undefined });
    expect(runs).toBe(1);
  });

  it('fails as poison when it took its worker down three times, and once more after each retry by hand', async () => {
    let runs = 0;
    const counted = job(() => ++runs);
    const start = started();
    const poisoned = await begin(counted, { ...start, fence: 4, crashes: 3 }).attempt.outcome;
    expect(poisoned).toMatchObject({ kind: 'failed', error: { code: 'JOB_POISONED' } });
    await record(poisoned);
    expect(runs).toBe(0);
    expect(await store.executions.reopen(start.id)).toBe(true);
    expect(await begin(counted, { ...start, fence: 5, crashes: 3 }).attempt.outcome).toMatchObject({
      kind: 'completed',
    });
  });
});

describe('when retries are used up', () => {
  it('tells @OnJobFail once, with payload and error, after the record is stored', async () => {
    const told: JobFailure[] = [];
    const failing = job(
      () => {
        throw new JobAbortError('no use');
      },
      {},
      async (failure) => void told.push(failure),
    );
    const outcome = await begin(failing, started({ metadata: { by: 'test' } })).attempt.outcome;
    expect(told).toEqual([]);
    await (outcome as Extract<Outcome, { kind: 'failed' }>).beforeFinish!();
    expect(told).toMatchObject([
      { payload: { n: 1 }, attempts: 1, error: { message: 'no use' }, metadata: { by: 'test' } },
    ]);
  });

  it('enqueues the onFail job with an id that makes repetition harmless; its own failure does not matter', async () => {
    const asked: string[] = [];
    const logger = new OwnLogger();
    const onFail = new OnFailAction(clock, logger, async (ref, _failure, id) => {
      asked.push(`${ref as string} ${id}`);
      throw new Error('unknown job');
    });
    const start = started();
    const failing = job(() => Promise.reject(new JobAbortError('x')), { onFail: 'tell.admin' });
    const outcome = await begin(failing, start, { onFail }).attempt.outcome;
    await (outcome as Extract<Outcome, { kind: 'failed' }>).beforeFinish!();
    expect(asked).toEqual([`tell.admin ${start.id}:on-fail:1`]);
  });
});

describe('without history', () => {
  it('a run that left nothing writes nothing; one with steps removes them', async () => {
    const plain = await begin(
      job(() => 1),
      started(),
      { history: false },
    ).attempt.outcome;
    expect(plain).toMatchObject({ kind: 'completed', write: undefined });
    const start = started();
    const stepped = await begin(job({ a: () => 1, b: () => 2 }), start, { history: false }).attempt.outcome;
    await record(stepped);
    expect(await store.executions.load(start.id)).toBeUndefined();
  });
});
