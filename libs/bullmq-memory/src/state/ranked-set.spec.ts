import { describe, expect, test } from '@jest/globals';
import { RankedSet, type Ranked } from './ranked-set.js';

/** A linear congruential generator, so that a failure can be repeated. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
}

const ids = (items: readonly Ranked[]) => items.map(({ id }) => id);

describe('a ranked set does what a sorted array does', () => {
  test.each([1, 2, 3])('with seed %d', (seed) => {
    const next = numbers(seed);
    const set = new RankedSet<Ranked>();
    let model: Ranked[] = [];
    const compare = () => {
      const limit = Math.floor(next() * 500);
      const below = model.filter(({ score }) => score < limit);
      expect(set.countBelow(limit)).toBe(below.length);
      expect(set.lastBelow(limit)).toBe(below.at(-1));
      const from = Math.floor(next() * model.length);
      expect(ids(set.slice(from, from + 700))).toEqual(ids(model.slice(from, from + 700)));
    };
    for (let n = 0; n < 6_000; n++) {
      if (next() < 0.7 || model.length === 0) {
        const item = { id: `i${n}`, score: Math.floor(next() * 500) };
        set.add(item);
        model.push(item);
        model.sort((a, b) => a.score - b.score || (a.id < b.id ? -1 : 1));
      } else {
        const [item] = model.splice(Math.floor(next() * model.length), 1);
        set.delete(item!);
      }
      if (n % 500 === 0) compare();
    }
    expect(ids([...set])).toEqual(ids(model));
    expect(ids(set.range(-3, -1))).toEqual(ids(model.slice(-3)));
    expect(ids(set.reverseRange(0, 4))).toEqual(ids(model.slice(-5).toReversed()));
    expect(set.size).toBe(model.length);
    expect(set.first).toBe(model[0]);
    for (const item of model) set.delete(item);
    model = [];
    expect([...set]).toEqual(model);
  });

  test('empty', () => {
    const set = new RankedSet<Ranked>();
    expect(set.range(0, -1)).toEqual([]);
    expect(set.reverseRange(0, 10)).toEqual([]);
    expect(set.slice(0, 0)).toEqual([]);
    expect(set.first).toBeUndefined();
    expect(set.lastBelow(5)).toBeUndefined();
    expect(set.countBelow(5)).toBe(0);
  });
});
