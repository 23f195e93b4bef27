import { describe, expect, test } from '@jest/globals';
import type { LockAnswer, LockStore } from '#src/store/ports/lock-store.js';
import { scaled } from '../../support/machine.js';
import { until } from '../../support/until.js';
import { ODD } from './fixtures.js';
import type { Subject } from './fixtures.js';

const MINUTE = 60_000;

/** @throws when the lease was not given. */
async function fenceOf(answer: Promise<LockAnswer>): Promise<number> {
  const given = await answer;
  if (!given.held) throw new Error(`Not held, but by ${given.holders.join()}`);
  return given.fence;
}

export function describeLocks(subject: Subject): void {
  describe('locks', () => {
    const locks = (): LockStore => subject.store.locks;
    const holdersOf = async (key: string) => (await locks().holders(key)).map(({ holder }) => holder);

    test('one has it, others hear who and for how long', async () => {
      const key = subject.newId();
      const fence = await fenceOf(locks().acquire(key, 'a', { ttl: MINUTE }));
      expect(Number.isSafeInteger(fence)).toBe(true);
      const refused = await locks().acquire(key, 'b', { ttl: MINUTE });
      expect(refused).toEqual({ held: false, holders: ['a'], freeIn: expect.any(Number), place: -1 });
      const { freeIn } = refused as LockAnswer & { held: false };
      expect(freeIn).toBeGreaterThan(MINUTE / 2);
      expect(freeIn).toBeLessThanOrEqual(MINUTE);
      expect(await locks().holders(key)).toEqual([{ holder: 'a', fence, endsIn: expect.any(Number) }]);
      expect(await locks().release(key, 'a')).toEqual([]);
      expect(await locks().holders(key)).toEqual([]);
    });

    test('who has it keeps it, renewed, under a new fence', async () => {
      const key = subject.newId();
      const fence = await fenceOf(locks().acquire(key, 'a', { ttl: MINUTE }));
      expect(await fenceOf(locks().acquire(key, 'a', { ttl: 2 * MINUTE, line: MINUTE }))).toBeGreaterThan(fence);
      const [lease, ...others] = await locks().holders(key);
      expect(others).toEqual([]);
      expect(lease!.endsIn).toBeGreaterThan(MINUTE);
      // It took no place in the line by that.
      expect(await locks().release(key, 'a')).toEqual([]);
    });

    test('who started again keeps its lease when the earlier start gives back its own', async () => {
      const key = subject.newId();
      const early = await fenceOf(locks().acquire(key, 'a', { ttl: MINUTE }));
      const late = await fenceOf(locks().acquire(key, 'a', { ttl: MINUTE }));
      await locks().acquire(key, 'b', { ttl: MINUTE, line: MINUTE });
      expect(await locks().release(key, 'a', early)).toEqual([]);
      expect(await locks().holders(key)).toMatchObject([{ holder: 'a', fence: late }]);
      // Nor does it cost a place in the line.
      expect(await locks().release(key, 'b', early)).toEqual([]);
      expect(await locks().release(key, 'a', late)).toEqual(['b']);
      expect(await locks().release(key, 'b')).toEqual([]);
    });

    test('a lease ends by itself; extending it then is refused and changes nothing', async () => {
      const key = subject.newId();
      const first = await fenceOf(locks().acquire(key, 'a', { ttl: 60 }));
      await until('it has ended', async () => (await locks().holders(key)).length === 0);
      expect(await locks().extend(key, 'a', MINUTE)).toBe(false);
      expect(await locks().holders(key)).toEqual([]);
      expect(await fenceOf(locks().acquire(key, 'b', { ttl: MINUTE }))).toBeGreaterThan(first);
      expect(await locks().extend(key, 'a', MINUTE)).toBe(false);
      await locks().release(key, 'a');
      expect(await holdersOf(key)).toEqual(['b']);
      await locks().release(key, 'b');
    });

    test('an extended lease outlives its first time', async () => {
      const key = subject.newId();
      const other = subject.newId();
      // A machine that halts for as long loses it.
      const ttl = scaled(2_000);
      await fenceOf(locks().acquire(key, 'a', { ttl }));
      expect(await locks().extend(key, 'a', MINUTE)).toBe(true);
      await fenceOf(locks().acquire(other, 'a', { ttl }));
      await until('the one that was not extended has ended', async () => (await locks().holders(other)).length === 0);
      expect(await holdersOf(key)).toEqual(['a']);
      // Also a shorter time counts.
      expect(await locks().extend(key, 'a', 50)).toBe(true);
      await until('this one, too', async () => (await locks().holders(key)).length === 0);
    });

    test('the fence grows over releases, ends and forgotten keys', async () => {
      const key = subject.newId();
      const fences: number[] = [];
      for (let turn = 0; turn < 5; turn++) {
        fences.push(await fenceOf(locks().acquire(key, `holder ${turn}`, { ttl: turn % 2 ? 20 : MINUTE })));
        if (turn % 2) await until('it ends', async () => (await locks().holders(key)).length === 0);
        else await locks().release(key, `holder ${turn}`);
      }
      expect(fences).toEqual([...new Set(fences)].toSorted((a, b) => a - b));
    });

    test('as many leases as slots, each with a fence of its own', async () => {
      const key = subject.newId();
      const first = await fenceOf(locks().acquire(key, 'a', { ttl: 2 * MINUTE, slots: 2 }));
      expect(await fenceOf(locks().acquire(key, 'b', { ttl: MINUTE, slots: 2 }))).toBeGreaterThan(first);
      const refused = await locks().acquire(key, 'c', { ttl: MINUTE, slots: 2 });
      // Oldest first, whichever ends first.
      expect(refused).toMatchObject({ held: false, holders: ['a', 'b'] });
      expect((refused as LockAnswer & { held: false }).freeIn).toBeLessThanOrEqual(MINUTE);
      expect(await holdersOf(key)).toEqual(['a', 'b']);
      await locks().release(key, 'a');
      await fenceOf(locks().acquire(key, 'c', { ttl: MINUTE, slots: 2 }));
      await Promise.all(['b', 'c'].map((holder) => locks().release(key, holder)));
    });

    test.each([1, 3])('twenty at once: %i get it', async (slots) => {
      const contend = async () => {
        const key = subject.newId();
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_, side) => locks().acquire(key, `side ${side}`, { ttl: MINUTE, slots })),
        );
        const fences = answers.flatMap((answer) => (answer.held ? [answer.fence] : []));
        expect(fences).toHaveLength(slots);
        expect(new Set(fences).size).toBe(slots);
        expect(await locks().holders(key)).toHaveLength(slots);
      };
      // Several such keys, so that the store has all its connections in use.
      await Promise.all(Array.from({ length: 10 }, contend));
    });

    test('the line is first come, first served, and release says who is next', async () => {
      const key = subject.newId();
      const ask = (holder: string, line = MINUTE) => locks().acquire(key, holder, { ttl: MINUTE, line });
      await fenceOf(ask('a'));
      expect(await ask('b')).toMatchObject({ held: false, place: 0 });
      expect(await ask('c')).toMatchObject({ held: false, place: 1 });
      expect(await ask('d')).toMatchObject({ held: false, place: 2 });
      // RemoteCancelRequest again keeps the place.
      expect(await ask('b')).toMatchObject({ held: false, place: 0 });

      expect(await locks().release(key, 'a')).toEqual(['b']);
      // Free, but not for those behind, nor for who has not stood in line.
      expect(await ask('c')).toEqual({ held: false, holders: [], freeIn: 0, place: 1 });
      expect(await ask('e', 0)).toEqual({ held: false, holders: [], freeIn: 0, place: -1 });
      await fenceOf(ask('b'));
      // Who leaves the line says so by releasing, or by asking for no place.
      expect(await locks().release(key, 'c')).toEqual([]);
      expect(await ask('f')).toMatchObject({ place: 1 });
      expect(await ask('f', 0)).toMatchObject({ place: -1 });
      expect(await locks().release(key, 'b')).toEqual(['d']);
      await fenceOf(ask('d'));
      expect(await locks().release(key, 'd')).toEqual([]);
    });

    test('with several slots as many of the line are next as leases are free', async () => {
      const key = subject.newId();
      const ask = (holder: string) => locks().acquire(key, holder, { ttl: MINUTE, slots: 3, line: MINUTE });
      await Promise.all(['a', 'b', 'c'].map((holder) => fenceOf(ask(holder))));
      for (const holder of ['d', 'e', 'f', 'g']) await ask(holder);
      expect(await locks().release(key, 'a')).toEqual(['d']);
      expect(await locks().release(key, 'b')).toEqual(['d', 'e']);
      expect(await ask('f')).toMatchObject({ held: false, freeIn: 0, place: 2 });
      // Each of those who were told gets it, whichever asks first.
      await fenceOf(ask('e'));
      await fenceOf(ask('d'));
      expect(await ask('f')).toMatchObject({ held: false, place: 0 });
      await Promise.all(['c', 'd', 'e', 'f', 'g'].map((holder) => locks().release(key, holder)));
    });

    test('a place that has ended is passed over', async () => {
      const key = subject.newId();
      await fenceOf(locks().acquire(key, 'a', { ttl: MINUTE }));
      await locks().acquire(key, 'gone', { ttl: MINUTE, line: MINUTE });
      await locks().acquire(key, 'stays', { ttl: MINUTE, line: MINUTE });
      // Who asks again keeps its place, for the time that it now says.
      expect(await locks().acquire(key, 'gone', { ttl: MINUTE, line: 80 })).toMatchObject({ place: 0 });
      await until('the place has ended', async () => {
        const answer = await locks().acquire(key, 'stays', { ttl: MINUTE, line: MINUTE });
        return !answer.held && answer.place === 0;
      });
      // Whoever lost its place stands at the end.
      expect(await locks().acquire(key, 'gone', { ttl: MINUTE, line: MINUTE })).toMatchObject({ place: 1 });
      expect(await locks().release(key, 'a')).toEqual(['stays']);
      await Promise.all(['stays', 'gone'].map((holder) => locks().release(key, holder)));
    });

    test('the first in line gets it when a lease ends by itself', async () => {
      const key = subject.newId();
      const ask = (holder: string) => locks().acquire(key, holder, { ttl: MINUTE, line: MINUTE });
      await fenceOf(locks().acquire(key, 'dies', { ttl: MINUTE }));
      await ask('first');
      await ask('second');
      expect(await locks().extend(key, 'dies', 60)).toBe(true);
      await until('it has ended', async () => (await locks().holders(key)).length === 0);
      expect(await ask('second')).toMatchObject({ held: false, place: 1 });
      await fenceOf(ask('first'));
      expect(await ask('second')).toMatchObject({ held: false, place: 0 });
      await Promise.all(['first', 'second'].map((holder) => locks().release(key, holder)));
    });

    test('releasing what one does not have changes nothing', async () => {
      const key = subject.newId();
      expect(await locks().release(key, 'nobody')).toEqual([]);
      await fenceOf(locks().acquire(key, 'a', { ttl: MINUTE }));
      await locks().acquire(key, 'b', { ttl: MINUTE, line: MINUTE });
      expect(await locks().release(key, 'nobody')).toEqual([]);
      expect(await holdersOf(key)).toEqual(['a']);
      expect(await locks().release(key, 'a')).toEqual(['b']);
      await locks().release(key, 'b');
    });

    test.each([...ODD, 'long '.repeat(2_000)])('odd key and holder %j', async (odd) => {
      const key = `${subject.newId()}${odd}`;
      const holder = odd.slice(0, 100);
      const fence = await fenceOf(locks().acquire(key, holder, { ttl: MINUTE + 0.5 }));
      expect(await locks().acquire(`${key} `, 'other', { ttl: MINUTE })).toMatchObject({ held: true });
      expect(await locks().holders(key)).toEqual([{ holder, fence, endsIn: expect.any(Number) }]);
      await locks().acquire(key, `${holder}2`, { ttl: MINUTE, line: MINUTE });
      expect(await locks().extend(key, holder, MINUTE)).toBe(true);
      expect(await locks().release(key, holder)).toEqual([`${holder}2`]);
      await Promise.all([locks().release(key, `${holder}2`), locks().release(`${key} `, 'other')]);
    });
  });
}
