/** Locks as apps use them, from two processes on each store; a `file:` store has one process, with two services. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { Lock } from 'nestjs-job-scheduler';
import { openStore } from '#src/store/open-store.js';
import type { Store } from '#src/store/ports/ports.js';
import { usedDirectory } from '../store/data-directory.js';
import { startChild } from '../support/child.js';
import { randomPrefix } from '../support/prefix.js';
import { sharedStores, storesOfSuite } from '../support/stores.js';
import { isLongSuite } from '../support/suite.js';
import { until } from '../support/until.js';
import { atEnd, clock, openSide, serviceOn, takeAway, untilWaiting, waitersOf, type Side } from './locks-kit.js';
import { scaled } from '../support/machine.js';
import { figure } from '../support/figure.js';

Logger.overrideLogger(false);

const TTL = '10m';
/** Kept by renewing it, also on a slow machine. */
const BRIEF = scaled(900);

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve())));
const code = (wanted: string) => expect.objectContaining({ code: wanted });

function describeLockService(name: string, open: () => Promise<[Side, Side]>): void {
  describe(`locks on ${name}`, () => {
    let here: Side;
    let there: Side;
    let keys = 0;
    let key: string;

    beforeEach(async () => {
      [here, there] = await open();
      key = `${name} ${++keys}: {a} "key" 漢字`;
    });

    test('one at a time, with a fence that grows', async () => {
      const lock = (await here.locks.acquire(key, TTL))!;
      expect(lock.key).toBe(key);
      expect(lock.signal.aborted).toBe(false);
      expect(await there.locks.acquire(key, TTL)).toBeUndefined();
      expect(await here.locks.acquire(key, TTL)).toBeUndefined();
      expect(await there.locks.acquire(`${key}2`, TTL)).toBeDefined();
      await lock.release();
      await lock.release();
      expect(lock.signal.aborted).toBe(false);
      expect(await lock.extend(TTL)).toBe(false);
      const next = (await there.locks.acquire(key, TTL))!;
      expect(next.fence).toBeGreaterThan(lock.fence);
      // The one before cannot give it away.
      await lock.release();
      expect(await here.locks.acquire(key, TTL)).toBeUndefined();
    });

    test('a lock ends after its time, unless it is extended', async () => {
      const brief = (await here.locks.acquire(key, scaled(250)))!;
      const kept = (await here.locks.acquire(`${key} kept`, scaled(250)))!;
      expect(await kept.extend(TTL)).toBe(true);
      await aborted(brief.signal);
      expect(brief.signal.reason).toEqual(code('LOCK_LOST'));
      const next = await there.locks.acquireWait(key, TTL);
      expect(next.fence).toBeGreaterThan(brief.fence);
      expect(await brief.extend(TTL)).toBe(false);
      await brief.release();
      expect(await here.locks.acquire(key, TTL)).toBeUndefined();
      expect(kept.signal.aborted).toBe(false);
      expect(await there.locks.acquire(`${key} kept`, TTL)).toBeUndefined();
    });

    test('waiters of both get it in the order in which they came', async () => {
      const first = (await here.locks.acquire(key, TTL))!;
      const order: number[] = [];
      const waiting: Promise<void>[] = [];
      for (let turn = 0; turn < 6; turn++) {
        const { locks } = turn % 2 ? here : there;
        const use = async () => {
          const lock = await locks.acquireWait(key, TTL);
          order.push(turn);
          await lock.release();
        };
        waiting.push(use());
        await untilWaiting(here, key, turn + 1);
      }
      // Who does not stand in line does not push in.
      expect(await here.locks.acquire(key, TTL)).toBeUndefined();
      await first.release();
      await Promise.all(waiting);
      expect(order).toEqual([0, 1, 2, 3, 4, 5]);
    });

    test('who waits in vain, or no more, leaves the line', async () => {
      const lock = (await here.locks.acquire(key, TTL))!;
      await expect(there.locks.acquireWait(key, TTL, { timeout: 0 })).rejects.toEqual(code('LOCK_TIMEOUT'));
      await expect(there.locks.acquireWait(key, TTL, { timeout: '100ms' })).rejects.toMatchObject({
        code: 'LOCK_TIMEOUT',
        details: { key, timeout: 100 },
      });
      expect(await waitersOf(here, key)).toBe(0);

      const abort = new AbortController();
      const reason = new Error('not needed any more');
      const given = there.locks.acquireWait(key, TTL, { signal: abort.signal });
      await untilWaiting(here, key, 1);
      const next = here.locks.acquireWait(key, TTL);
      await untilWaiting(here, key, 2);
      abort.abort(reason);
      await expect(given).rejects.toBe(reason);
      await untilWaiting(here, key, 1);
      await expect(there.locks.acquireWait(key, TTL, { signal: abort.signal })).rejects.toBe(reason);
      await lock.release();
      await (await next).release();
      expect(await there.locks.acquireWait(key, TTL, { timeout: 0 })).toMatchObject({ key });
    });

    test('a waiter that died is passed over', async () => {
      const lock = (await here.locks.acquire(key, TTL))!;
      await here.store.locks.acquire(`user:${key}`, 'dead', { ttl: 30_000, line: 600 });
      const waiting = there.locks.acquireWait(key, TTL);
      await untilWaiting(here, key, 2);
      await lock.release();
      expect((await waiting).fence).toBeGreaterThan(lock.fence);
    });

    test('withLock gives what the work gives, and always releases', async () => {
      const fences: number[] = [];
      const result = await here.locks.withLock(key, TTL, async (lock) => {
        fences.push(lock.fence);
        expect(await there.locks.acquire(key, TTL)).toBeUndefined();
        return 'done';
      });
      expect(result).toBe('done');
      const problem = new Error('the work fails');
      await expect(there.locks.withLock(key, TTL, () => Promise.reject(problem))).rejects.toBe(problem);
      const thrower = (): number => {
        throw problem;
      };
      await expect(there.locks.withLock(key, TTL, thrower)).rejects.toBe(problem);
      expect(await there.locks.withLock(key, TTL, ({ fence }) => fence)).toBeGreaterThan(fences[0]!);
      const held = (await here.locks.acquire(key, TTL))!;
      await expect(there.locks.withLock(key, TTL, () => 1, { timeout: 50 })).rejects.toEqual(code('LOCK_TIMEOUT'));
      await held.release();
    });

    test('withLock keeps the lock for as long as the work takes', async () => {
      const other = (await there.locks.acquire(`${key} other`, BRIEF))!;
      await here.locks.withLock(key, BRIEF, async ({ signal }) => {
        await aborted(other.signal);
        await until('the time of another lock has run out twice', async () => {
          const again = await there.locks.acquire(`${key} other`, BRIEF);
          return again && aborted(again.signal).then(() => true);
        });
        expect(signal.aborted).toBe(false);
        expect(await there.locks.acquire(key, TTL)).toBeUndefined();
      });
    });

    test('a lock that was taken away aborts the signal; the work’s outcome is given all the same', async () => {
      let taken: Lock | undefined;
      const outcome = await here.locks.withLock(key, BRIEF, async ({ signal, fence }) => {
        await takeAway(there, key);
        taken = await there.locks.acquire(key, TTL);
        await aborted(signal);
        expect(signal.reason).toEqual(code('LOCK_LOST'));
        return fence;
      });
      expect(taken!.fence).toBeGreaterThan(outcome);
      // Its release did not touch the next one's.
      expect(await here.locks.acquire(key, TTL)).toBeUndefined();
    });

    test('200 contenders never overlap', async () => {
      let counter = 0;
      let inside = 0;
      const fences: number[] = [];
      const since = performance.now();
      await Promise.all(
        Array.from({ length: 200 }, (_, side) =>
          (side % 2 ? here : there).locks.withLock(key, TTL, async ({ fence }) => {
            expect(++inside).toBe(1);
            const seen = counter;
            await new Promise(setImmediate);
            counter = seen + 1;
            fences.push(fence);
            inside--;
          }),
        ),
      );
      figure(`200 contenders on ${name}: ${Math.round(performance.now() - since)} ms`);
      expect(counter).toBe(200);
      expect(fences).toEqual(fences.toSorted((a, b) => a - b));
      expect(new Set(fences).size).toBe(200);
    });

    test('at the end locks are released, their signals abort, and waiting ends', async () => {
      const lock = (await here.locks.acquire(key, TTL))!;
      const waiting = here.locks.acquireWait(key, TTL);
      waiting.catch(() => undefined);
      await untilWaiting(there, key, 1);
      const next = there.locks.acquireWait(key, TTL);
      await untilWaiting(there, key, 2);
      const unused = waiting.then((late) => late.release());
      unused.catch(() => undefined);
      await here.locks.close();
      await expect(waiting).rejects.toEqual(code('NOT_STARTED'));
      expect(lock.signal.reason).toEqual(code('LOCK_LOST'));
      expect((await next).fence).toBeGreaterThan(lock.fence);
      await expect(here.locks.acquire(key, TTL)).rejects.toEqual(code('NOT_STARTED'));
      expect(await waitersOf(there, key)).toBe(0);
    });
  });
}

for (const [name, url] of storesOfSuite(sharedStores)) {
  describeLockService(name, async () => {
    const prefix = randomPrefix();
    return [await openSide(url, prefix), await openSide(url, prefix)];
  });

  test(`a holder of another process that is killed loses the lock on ${name}`, async () => {
    const prefix = randomPrefix();
    const here = await openSide(url, prefix);
    const child = startChild('test/locks/holder.child.ts', { args: [url, prefix, 'shared', `${scaled(2_000)}ms`] });
    const { fence } = await child.next('holds');
    expect(await here.locks.acquire('shared', TTL)).toBeUndefined();
    await child.kill();
    const lock = await here.locks.acquireWait('shared', TTL, { timeout: scaled(30_000) });
    expect(lock.fence).toBeGreaterThan(fence as number);
  });
}

describeLockService('memory:', async () => {
  const prefix = randomPrefix();
  return [await openSide('memory:', prefix), await openSide('memory:', prefix)];
});

if (isLongSuite)
  describe('in one process', () => {
    let store: Store;
    beforeAll(async () => {
      store = await openStore({ connection: `file:${await usedDirectory()}`, prefix: randomPrefix(), clock });
    });
    afterAll(() => store.close());
    describeLockService('file:', () => Promise.resolve([serviceOn(store), serviceOn(store)]));
  });

describe('what is refused', () => {
  test.each<[what: string, call: (side: Side) => Promise<unknown>, field: string, words: RegExp]>([
    ['an empty key', ({ locks }) => locks.acquire('', TTL), 'key', /"" is not allowed. Allowed: a text of 1 to 512/],
    ['a long key', ({ locks }) => locks.acquire('k'.repeat(513), TTL), 'key', /1 to 512/],
    ['a key that is no text', ({ locks }) => locks.acquire(7 as never, TTL), 'key', /7 is not allowed/],
    ['a time that is none', ({ locks }) => locks.acquireWait('key', 'soon' as '1s'), 'ttl', /"soon" is not a duration/],
    ['no time', ({ locks }) => locks.withLock('key', 0, () => 1), 'ttl', /0 is too short. Allowed: at least 10ms/],
    ['a bad timeout', ({ locks }) => locks.acquireWait('key', TTL, { timeout: -1 }), 'timeout', /-1/],
    ['a bad signal', ({ locks }) => locks.acquireWait('key', TTL, { signal: {} as never }), 'signal', /AbortSignal/],
    [
      'an unknown option',
      ({ locks }) => locks.acquireWait('key', TTL, { timout: 1 } as never),
      'timout',
      /Did you mean "timeout"/,
    ],
  ])('%s', async (_, call, field, words) => {
    const side = await openSide('memory:');
    const refused = call(side);
    await expect(refused).rejects.toMatchObject({ code: 'LOCK_INVALID', details: { field } });
    await expect(refused).rejects.toThrow(words);
    expect(await waitersOf(side, 'key')).toBe(0);
  });

  test('a time for extending that is none; the lock stays', async () => {
    const side = await openSide('memory:');
    const lock = (await side.locks.acquire('key', TTL))!;
    await expect(lock.extend('soon' as '1s')).rejects.toEqual(code('LOCK_INVALID'));
    expect(await lock.extend(TTL)).toBe(true);
    atEnd(() => lock.release());
  });
});
