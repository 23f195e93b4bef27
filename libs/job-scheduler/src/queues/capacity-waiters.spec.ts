import { describe, expect, it } from '@jest/globals';
import { SystemClock } from '../common/clock.js';
import { QueueFullError } from '../errors/queue-errors.js';
import { CapacityWaiters } from './capacity-waiters.js';

/** A clock whose timers never fire: a waiter looks for room only when it is told. */
class StillClock extends SystemClock {
  override after() {
    return { cancel: () => undefined };
  }
}

/** A queue of so many places. */
function place(room: number) {
  const waits: boolean[] = [];
  const line = new CapacityWaiters(new StillClock(), (waiting) => waits.push(waiting));
  const added: string[] = [];
  let free = room;
  const add = (name: string) => async () => {
    await Promise.resolve();
    if (free === 0) throw new QueueFullError('q', room);
    free--;
    added.push(name);
    return name;
  };
  return {
    line,
    added,
    waits,
    enter: (name: string, signal?: AbortSignal) => line.enter(add(name), signal),
    free: (count = 1) => {
      free += count;
      line.tell();
    },
  };
}

describe('CapacityWaiters', () => {
  it('lets those who wait in by the order of their calls, as room is told of', async () => {
    const { enter, free, added, waits, line } = place(1);
    const all = ['a', 'b', 'c', 'd'].map((name) => enter(name));
    await all[0];
    await new Promise((resolve) => setImmediate(resolve));
    free();
    expect(await all[1]).toBe('b');
    const last = enter('e');
    free(3);
    expect(await Promise.all([...all, last])).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(added).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(line.isEmpty).toBe(true);
    expect(waits).toEqual([true, false]);
  });

  it('a signal takes one out, and the next one is served', async () => {
    const { enter, free, added } = place(0);
    const stop = new AbortController();
    const first = enter('first', stop.signal);
    const second = enter('second');
    first.catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    stop.abort(new Error('enough'));
    await expect(first).rejects.toThrow('enough');
    free();
    expect(await second).toBe('second');
    expect(added).toEqual(['second']);
  });

  it('one that is let in at the moment of its signal is in', async () => {
    let answer: (value: string) => void = () => undefined;
    const { line } = place(0);
    const stop = new AbortController();
    let asked = 0;
    const entering = line.enter(() => {
      if (++asked === 1) throw new QueueFullError('q', 0);
      return new Promise<string>((resolve) => (answer = resolve));
    }, stop.signal);
    await new Promise((resolve) => setImmediate(resolve));
    line.tell();
    await new Promise((resolve) => setImmediate(resolve));
    stop.abort(new Error('too late'));
    answer('in');
    expect(await entering).toBe('in');
  });

  it('ends for all; an error that is not about room is one caller’s own', async () => {
    const { enter, line, free } = place(0);
    const broken = line.enter(async () => {
      throw new Error('broken');
    }, undefined);
    await expect(broken).rejects.toThrow('broken');
    const waiting = Promise.allSettled([enter('a'), enter('b')]);
    await new Promise((resolve) => setImmediate(resolve));
    line.end(new Error('closed'));
    free(2);
    expect((await waiting).map((each) => each.status === 'rejected' && (each.reason as Error).message)).toEqual([
      'closed',
      'closed',
    ]);
    await expect(enter('c', AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
  });
});
