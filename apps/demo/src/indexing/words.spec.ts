import { describe, expect, it } from '@jest/globals';
import { distance, simhash } from './simhash.js';
import { countWords, mostFrequent, wordsOf } from './words.js';

describe('words', () => {
  it('are lower case, without those that every text has', () => {
    expect(wordsOf('The Queue and its queues: Größe, ES2023, a.b!')).toEqual(['queue', 'queues', 'größe', 'es2023']);
  });

  it('are counted, the most frequent first and equals by the alphabet', () => {
    const counts = countWords(['b', 'a', 'c', 'c', 'constructor']);
    expect(mostFrequent(counts, 3)).toEqual([
      ['c', 2],
      ['a', 1],
      ['b', 1],
    ]);
  });
});

describe('simhash', () => {
  const text = Array.from({ length: 300 }, (_, index) => `word${(index * 7919) % 211}`);

  it('is near for texts that are nearly the same, and far for others', () => {
    const edited = text.with(150, 'another');
    expect(distance(simhash(text), simhash(edited))).toBeLessThan(8);
    expect(distance(simhash(text), simhash(text.map((word) => `${word}x`)))).toBeGreaterThan(15);
  });

  it('takes texts of any length', () => {
    expect(distance(simhash([]), simhash([]))).toBe(0);
    expect(simhash(['one'])).toHaveLength(2);
  });
});
