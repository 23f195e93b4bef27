/** What attempts of one execution hand on: steps, ends, failures that are final. */
import { describe, expect, it } from '@jest/globals';
import { OwnLogger } from '#src/common/own-logger.js';
import type { JobFailure } from '#src/definition/job-context.js';
import { JobAbortError } from '#src/errors/outcome-errors.js';
import { OnFailAction } from '#src/execution/on-fail.js';
import { clock, store, job, started, begin, record, noRetry } from './attempt-kit.js';

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
    await outcome.effects!.onFail!();
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
    await outcome.effects!.onFail!();
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
