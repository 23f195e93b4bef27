import { describe, expect, it } from '@jest/globals';
import { inTurns } from './in-turns.js';
import { portionsOf, wholePortionsOf } from './portions.js';

const numbers = Array.from({ length: 1_000 }, (_, n) => n);

describe('work in turns', () => {
  it('gives the results in order, and the event loop its turn between portions', async () => {
    let done = 0;
    const seen: number[] = [];
    const watch = () => {
      seen.push(done);
      if (done < numbers.length) setImmediate(watch);
    };
    setImmediate(watch);
    const results = await inTurns(numbers, async (n) => {
      done += 1;
      return n * 2;
    });
    expect(results).toEqual(numbers.map((n) => n * 2));
    expect(seen.filter((count) => count < numbers.length).length).toBeGreaterThanOrEqual(3);
  });

  it('a short list is begun at once: what its caller changes afterwards changes nothing', async () => {
    const item = { n: 1 };
    const results = inTurns([item], async ({ n }) => n);
    item.n = 2;
    expect(await results).toEqual([1]);
  });

  it('takes work that is done at once, too', async () => {
    expect(await inTurns(numbers, (n) => n * 2)).toEqual(numbers.map((n) => n * 2));
    await expect(
      inTurns(numbers, (n) => {
        if (n === 700) throw new Error('first');
      }),
    ).rejects.toThrow('first');
  });

  it('after an error begins no further portion', async () => {
    let begun = 0;
    const work = inTurns(numbers, async (n) => {
      begun += 1;
      if (n === 0) throw new Error('first');
    });
    await expect(work).rejects.toThrow('first');
    expect(begun).toBeLessThanOrEqual(250);
  });
});

describe('portions', () => {
  const lengthsOf = (portions: Iterable<unknown[]>) => [...portions].map(({ length }) => length);

  it('hold 250 items, or 1 Mi characters, and one at least', () => {
    expect(
      lengthsOf(
        portionsOf(
          Array.from({ length: 600 }, () => 0),
          (n) => n,
        ),
      ),
    ).toEqual([250, 250, 100]);
    expect([...portionsOf([3, 3, 5, 1, 1], (n) => n * 2 ** 18)]).toEqual([[3], [3], [5], [1, 1]]);
    expect([...portionsOf([], () => 0)]).toEqual([]);
  });

  it('that go in whole or not at all hold 1,000', () => {
    expect(lengthsOf(wholePortionsOf(Array.from({ length: 2_500 }, () => 0)))).toEqual([1_000, 1_000, 500]);
    expect([...wholePortionsOf([])]).toEqual([]);
  });
});
