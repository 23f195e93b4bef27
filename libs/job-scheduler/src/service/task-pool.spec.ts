import { describe, expect, it } from '@jest/globals';
import { TaskPoolOptionsError, TaskTimeoutError } from '../errors/task-errors.js';
import { TaskPool, type TaskResult } from './task-pool.js';

/** Work that goes on until it is let go, and says with which signal it was called. */
function work<T>(value: T) {
  let end!: (error?: Error) => void;
  let signal!: AbortSignal;
  let begun!: () => void;
  const started = new Promise<void>((resolve) => (begun = resolve));
  const ended = new Promise<T>((resolve, reject) => {
    end = (error) => (error ? reject(error) : resolve(value));
  });
  ended.catch(() => undefined);
  return {
    started,
    end,
    get signal() {
      return signal;
    },
    task: (given: AbortSignal) => {
      signal = given;
      begun();
      return ended;
    },
  };
}

describe('TaskPool', () => {
  it('runs as many as are allowed, the others in the order of their calls', async () => {
    const pool = new TaskPool({ concurrency: 3 });
    let most = 0;
    const order: number[] = [];
    const results = Array.from({ length: 20 }, (_, n) =>
      pool.run(async () => {
        order.push(n);
        most = Math.max(most, pool.running);
        await new Promise((resolve) => setImmediate(resolve));
        return n * n;
      }),
    );
    expect([pool.running, pool.size]).toEqual([3, 17]);
    expect(await Promise.all(results)).toEqual(Array.from({ length: 20 }, (_, n) => n * n));
    expect(order).toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect(most).toBe(3);
    expect([pool.running, pool.size]).toEqual([0, 0]);
  });

  it('a result says whether it has settled; what a task throws is its own', async () => {
    const pool = new TaskPool({ concurrency: 2 });
    const one = work('one');
    const result = pool.run(one.task);
    expect(result).toBeInstanceOf(Promise);
    expect(result.settled).toBe(false);
    one.end();
    expect(await result).toBe('one');
    expect(result.settled).toBe(true);
    const broken = pool.run(() => {
      throw new Error('at once');
    });
    await expect(broken).rejects.toThrow('at once');
    expect(broken.settled).toBe(true);
  });

  it('tryRun is false when full, and has a slot as soon as a result is there', async () => {
    const pool = new TaskPool({ concurrency: 1 });
    const one = work(1);
    const first = pool.tryRun(one.task) as TaskResult<number>;
    expect(pool.tryRun(() => 2)).toBe(false);
    one.end();
    await first;
    expect(await pool.tryRun(() => 3)).toBe(3);
  });

  it('a time-out fires the signal and rejects; the slot is kept until the task has ended', async () => {
    const pool = new TaskPool({ concurrency: 1 });
    const one = work(1);
    const late = pool.run(one.task, { timeout: 5 });
    const next = pool.run(() => 'next');
    await expect(late).rejects.toThrow(new TaskTimeoutError('The task', 5));
    expect(one.signal.reason).toBeInstanceOf(TaskTimeoutError);
    expect([pool.running, pool.size, next.settled]).toEqual([1, 1, false]);
    one.end();
    expect(await next).toBe('next');
  });

  it('a signal takes out what waits, and reaches what runs', async () => {
    const pool = new TaskPool({ concurrency: 1 });
    const one = work(1);
    const stop = new AbortController();
    const reason = new Error('enough');
    const running = pool.run(one.task, { signal: stop.signal });
    const waiting = pool.run(() => 'never', { signal: stop.signal });
    stop.abort(reason);
    await expect(running).rejects.toBe(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(one.signal.reason).toBe(reason);
    expect([pool.running, pool.size]).toEqual([1, 0]);
    await expect(pool.run(() => 'never', { signal: stop.signal })).rejects.toBe(reason);
    one.end(new Error('nobody hears this'));
    await pool.onIdle();
    expect([pool.running, pool.size]).toEqual([0, 0]);
  });

  it('onIdle waits for all of them, or for so long', async () => {
    const pool = new TaskPool({ concurrency: 1 });
    await pool.onIdle();
    const [one, two] = [work(1), work(2)];
    const results = [pool.run(one.task), pool.run(two.task)];
    await expect(pool.onIdle({ timeout: 5 })).rejects.toMatchObject({ code: 'TASK_TIMEOUT' });
    const idle = pool.onIdle({ timeout: '1m' });
    one.end();
    two.end();
    await idle;
    expect(results.map(({ settled }) => settled)).toEqual([true, true]);
  });

  it.each([0, -1, 1.5, NaN, Infinity, '2'])('refuses a concurrency of %p', (concurrency) => {
    expect(() => new TaskPool({ concurrency: concurrency as number })).toThrow(TaskPoolOptionsError);
  });

  it.each([0, -1, 'soon' as '1s'])('refuses a time-out of %p', async (timeout) => {
    const pool = new TaskPool({ concurrency: 1 });
    expect(() => pool.run(() => 1, { timeout })).toThrow(TaskPoolOptionsError);
    expect([pool.running, pool.size]).toEqual([0, 0]);
  });
});
