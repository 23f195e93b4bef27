import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import {
  JobAbortError,
  JobCancelError,
  JobLockLostError,
  JobShutdownError,
  JobSnoozeError,
} from '#src/errors/outcome-errors.js';
import { store, job, started, begin, record } from './attempt-kit.js';

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
    ['put back', new JobShutdownError(), { kind: 'requeue' }],
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
    expect(await attempt.outcome).toEqual({ kind: 'requeue' });
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

  it('abandons a handler that ignores a shutdown', async () => {
    const { attempt } = begin(
      job(() => new Promise(() => undefined)),
      started(),
    );
    attempt.abort(new JobShutdownError());
    attempt.abandon();
    expect(await attempt.outcome).toEqual({ kind: 'requeue' });
  });
});
