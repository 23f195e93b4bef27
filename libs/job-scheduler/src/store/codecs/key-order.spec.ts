import { describe, expect, test } from '@jest/globals';
import { inKeyOrder, noteKeyOrder } from './key-order.js';

/** As `jsonb` gives an object back. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const keys = Object.keys(value).toSorted((a, b) => {
    const [one, other] = [Buffer.from(a), Buffer.from(b)];
    return one.length - other.length || one.compare(other);
  });
  return Object.fromEntries(keys.map((key) => [key, sorted((value as Record<string, unknown>)[key])]));
}

const kept: [what: string, value: unknown][] = [
  ['no object', [1, 'a', null]],
  ['sorted keys', { a: 1, b: 2, cc: { a: 1 } }],
  ['keys that are numbers', { 10: 1, 9: 2, a: 3 }],
];
const noted: [what: string, value: unknown][] = [
  ['longer keys first', { total: 1, a: 2 }],
  ['keys beyond ASCII', { é: 1, aa: 2, a: { 漢: 1, zzz: 2, b: 3 } }],
  ['many rows of one shape', { rows: Array.from({ length: 50 }, (_, n) => ({ name: `row ${n}`, id: n })) }],
  ['the same keys in two orders', [{ b: 1, a: 2 }, { a: 1, b: 2 }]], // prettier-ignore
  ['names that every object has', JSON.parse('{"toString":1,"__proto__":{"z":1,"y":2},"a":3}')],
  ['an empty key', { a: 1, '': 2 }],
];

describe('the order of keys', () => {
  test.each([...kept, ...noted])('comes back after jsonb: %s', (_what, value) => {
    const json = JSON.stringify(value);
    expect(JSON.stringify(inKeyOrder(sorted(value), noteKeyOrder(json)))).toBe(json);
  });

  test.each(kept)('needs no note where jsonb does not change it: %s', (_what, value) => {
    expect(noteKeyOrder(JSON.stringify(value))).toBeUndefined();
  });

  test('of many rows is noted once', () => {
    const json = JSON.stringify(noted[2]![1]);
    expect(noteKeyOrder(json)).toBe('k[["name","id"]]');
  });

  test('is that of the data as it is, when somebody has changed it since', () => {
    const note = noteKeyOrder(JSON.stringify([{ b: 1, a: 2 }, { a: 1, b: 2 }])); // prettier-ignore
    expect(inKeyOrder([{ a: 7 }], note)).toEqual([{ a: 7 }]);
    expect(inKeyOrder({ a: 7 }, 'rubbish')).toEqual({ a: 7 });
  });
});
