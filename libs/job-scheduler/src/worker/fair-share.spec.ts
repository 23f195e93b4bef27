import { describe, expect, it } from '@jest/globals';
import { FairShare } from './fair-share.js';

const three = [
  { name: 'critical', weight: 6 },
  { name: 'default', weight: 3 },
  { name: 'low', weight: 1 },
];

/** Grants slots one after another; counts by name. */
function take(share: FairShare, times: number, ready?: (name: string) => boolean): string[] {
  const taken: string[] = [];
  for (let i = 0; i < times; i++) {
    const name = share.next(ready);
    if (name === undefined) break;
    share.grant(name);
    taken.push(name);
  }
  return taken;
}

function count(taken: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of taken) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function all(queues: readonly { name: string; weight: number }[], order?: 'weighted' | 'strict'): FairShare {
  const share = new FairShare(queues, order);
  for (const { name } of queues) share.contend(name, true);
  return share;
}

describe('FairShare', () => {
  it.each([
    [
      [6, 3, 1],
      [600, 300, 100],
    ],
    [
      [1, 1, 1, 1],
      [250, 250, 250, 250],
    ],
    [
      [7, 3],
      [700, 300],
    ],
    [
      [99, 1],
      [990, 10],
    ],
    [[1], [1000]],
  ])('splits 1,000 grants of queues with weights %j as %j', (weights, expected) => {
    const queues = weights.map((weight, index) => ({ name: `q${index}`, weight }));
    const counts = count(take(all(queues), 1000));
    expect(queues.map(({ name }) => counts[name])).toEqual(expected);
  });

  it('splits every window of sum(weights) grants as the weights', () => {
    const taken = take(all(three), 500);
    for (let start = 0; start + 10 <= taken.length; start++) {
      expect(count(taken.slice(start, start + 10))).toEqual({ critical: 6, default: 3, low: 1 });
    }
  });

  it('spreads the grants of a queue instead of giving them in a row', () => {
    expect(take(all(three), 10).join(' ')).toBe(
      'critical default low critical critical default critical critical default critical',
    );
  });

  it('gives a lone contender everything', () => {
    const share = new FairShare(three);
    share.contend('low', true);
    expect(count(take(share, 50))).toEqual({ low: 50 });
  });

  it('gives no slot when no queue contends', () => {
    expect(new FairShare(three).next()).toBeUndefined();
  });

  it('gives no credit for rest', () => {
    const share = new FairShare(three);
    share.contend('low', true);
    take(share, 300);
    share.contend('critical', true);
    share.contend('default', true);
    // The last grant to `low` belongs to the round in which the others join.
    expect(count(take(share, 99))).toEqual({ critical: 60, default: 30, low: 9 });
    expect(count(take(share, 100))).toEqual({ critical: 60, default: 30, low: 10 });
  });

  it('does not charge a queue for slots that no other wanted', () => {
    const share = new FairShare(three);
    share.contend('low', true);
    take(share, 1000);
    share.contend('low', false);
    share.contend('critical', true);
    take(share, 1);
    share.contend('low', true);
    expect(count(take(share, 70))).toEqual({ critical: 60, low: 10 });
  });

  it('keeps the debt of a queue that rests for a moment', () => {
    const share = all(three);
    expect(take(share, 3)).toEqual(['critical', 'default', 'low']);
    share.contend('low', false);
    share.contend('low', true);
    expect(count(take(share, 7))).toEqual({ critical: 5, default: 2 });
  });

  it('evens out for a contender that could not take slots for a while', () => {
    const share = all(three);
    const before = take(share, 40, (name) => name !== 'critical');
    const after = take(share, 160);
    expect(count([...before, ...after])).toEqual({ critical: 120, default: 60, low: 20 });
  });

  it('takes back a grant that found no job', () => {
    const share = all(three);
    take(share, 10);
    const name = share.next()!;
    share.grant(name);
    share.refund(name);
    expect(share.next()).toBe(name);
    expect(count(take(share, 990))).toEqual({ critical: 594, default: 297, low: 99 });
  });

  it('is exact with weights that have no exact binary fraction', () => {
    const share = all([
      { name: 'a', weight: 0.7 },
      { name: 'b', weight: 0.3 },
    ]);
    const counts = count(take(share, 1000));
    expect(Math.abs(counts.a! - 700)).toBeLessThanOrEqual(1);
  });

  describe('strict', () => {
    it('serves the heaviest contender alone', () => {
      expect(count(take(all(three, 'strict'), 100))).toEqual({ critical: 100 });
    });

    it('comes down the weights as queues run empty', () => {
      const share = all(three, 'strict');
      share.contend('critical', false);
      expect(share.next()).toBe('default');
      share.contend('default', false);
      expect(share.next()).toBe('low');
      share.contend('critical', true);
      expect(share.next()).toBe('critical');
    });

    it('shares evenly among queues of one weight', () => {
      const share = all(
        [
          { name: 'a', weight: 2 },
          { name: 'b', weight: 2 },
          { name: 'c', weight: 1 },
        ],
        'strict',
      );
      expect(count(take(share, 100))).toEqual({ a: 50, b: 50 });
    });
  });

  it('names a queue that it does not know', () => {
    expect(() => new FairShare(three).grant('nope')).toThrow('No queue "nope"');
  });
});
