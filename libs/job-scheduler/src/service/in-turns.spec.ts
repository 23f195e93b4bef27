import { describe, expect, it } from '@jest/globals';
import { inTurns } from './in-turns.js';
import { portionsOf } from './portions.js';

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
  it('hold 1,000 items, or 4 Mi characters, and one at least', () => {
    expect(portionsOf(Array.from({ length: 2_500 }, () => 0)).map(({ length }) => length)).toEqual([1_000, 1_000, 500]);
    expect(portionsOf([3, 3, 5, 1, 1], (n) => n * 2 ** 20)).toEqual([[3], [3], [5], [1, 1]]);
    expect(portionsOf([])).toEqual([]);
  });
});
