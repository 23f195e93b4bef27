import { describe, expect, it } from '@jest/globals';
import { toStorableJson } from './json.js';

class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}

function circle(): object {
  const a: { b: { list: unknown[] } } = { b: { list: [] } };
  a.b.list.push(1, a);
  return a;
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { value };
  return value;
}

const shared = { n: 1 };

describe('toStorableJson takes', () => {
  it.each<[string, unknown]>([
    ['null', null],
    ['a string', 'a "quoted" text with \\u0000 spelt out and \u2028 and \u001b and 🙂'],
    ['zero', -0],
    ['a number', 1.5e300],
    ['true', true],
    ['an empty object', {}],
    ['an empty array', []],
    ['plain data', { a: [1, 'b', { c: null, d: [[]] }], e: false }],
    ['undefined fields', { a: undefined, b: 1 }],
    ['undefined and missing elements', [undefined, 1, , 2]], // eslint-disable-line no-sparse-arrays
    ['an object without a prototype', Object.assign(Object.create(null) as object, { a: 1 })],
    ['a class instance', new Point(1, 2)],
    ['a date', { at: new Date(0) }],
    ['a URL', [new URL('https://example.org/a?b')]],
    ['a buffer', { data: Buffer.from('ab') }],
    ['boxed primitives', [new Object('a'), new Object(1), new Object(false)]],
    ['the same object twice', { a: shared, b: [shared, shared] }],
    ['toJSON that gives an object with a date', { toJSON: () => ({ at: new Date(0), list: [new Date(1)] }) }],
    [
      'toJSON that gives itself',
      new (class {
        n = 1;
        toJSON() {
          return this;
        }
      })(),
    ],
    ['toJSON that gives nothing', { a: { toJSON: () => undefined } }],
    ['an own field __proto__', JSON.parse('{"__proto__": {"a": 1}, "b": 2}')],
    ['symbol keys', { [Symbol('hidden')]: 1, a: 2 }],
    ['500 levels', nested(500)],
  ])('%s, as JSON.stringify writes it', (_, value) => {
    expect(toStorableJson(value)).toEqual({ ok: true, json: JSON.stringify(value) });
  });

  it('undefined, as nothing', () => {
    expect(toStorableJson(undefined)).toEqual({ ok: true, json: undefined });
  });

  it('a dated field __proto__ without changing a prototype', () => {
    const value: unknown = Object.defineProperty({}, '__proto__', { value: new Date(0), enumerable: true });
    expect(toStorableJson(value)).toEqual({ ok: true, json: '{"__proto__":"1970-01-01T00:00:00.000Z"}' });
  });

  it('asks toJSON once, with its key', () => {
    const keys: string[] = [];
    const date = { toJSON: (key: string) => keys.push(key) };
    expect(toStorableJson({ when: date, list: [date] })).toEqual({ ok: true, json: '{"when":1,"list":[2]}' });
    expect(keys).toEqual(['when', '0']);
  });

  it('does not change what it is given', () => {
    const value = Object.freeze({ at: new Date(0), list: Object.freeze([new Date(1)]) });
    expect(toStorableJson(value).ok).toBe(true);
    expect(value.at).toBeInstanceOf(Date);
  });
});

describe('toStorableJson refuses', () => {
  const hostile = {
    get secret(): string {
      throw new Error('no access');
    },
  };
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();

  it.each<[string, unknown, string]>([
    ['a function', () => 1, 'it is a function'],
    ['a class', Point, 'it is a function'],
    ['a symbol', { a: Symbol('s') }, 'a is a symbol'],
    ['a function inside', { items: [1, { when: () => 1 }] }, 'items[1].when is a function'],
    ['odd names', { 'a b': { '': [Symbol('s')] } }, '["a b"][""][0] is a symbol'],
    ['a BigInt', { n: 1n }, 'n is a BigInt; pass it as a string'],
    ['NaN', [Number.NaN], '[0] is NaN'],
    ['Infinity', { a: -Infinity }, 'a is -Infinity'],
    ['a boxed NaN', { a: new Object(Number.NaN) }, 'a is NaN'],
    ['an invalid date', { at: new Date('never') }, 'at is an invalid date'],
    ['a Map', { m: new Map([[1, 2]]) }, 'm is of type Map, whose content JSON loses; pass a plain object or array'],
    ['a Set', new Set([1]), 'it is of type Set, whose content JSON loses'],
    ['a promise', { p: Promise.resolve(1) }, 'p is of type Promise'],
    ['an error', { e: new TypeError('x') }, 'e is of type Error'],
    ['a regular expression', [/x/], '[0] is of type RegExp'],
    ['bytes', new Uint8Array(2), 'it is of type Uint8Array'],
    ['search parameters', new URLSearchParams('a=1'), 'it is of type URLSearchParams'],
    ['a generator', (function* () {})(), 'it is of type Generator'],
    ['a circle', circle(), 'b.list[1] refers back to what it is in'],
    ['a circle through toJSON', { toJSON: () => circle() }, 'b.list[1] refers back to what it is in'],
    ['what toJSON gives', { a: { toJSON: () => ({ b: 1n }) } }, 'a.b is a BigInt'],
    ['toJSON that gives a function', { a: { toJSON: () => () => 1 } }, 'a is a function'],
    ['toJSON that throws', { a: { toJSON: () => hostile.secret } }, 'a cannot be read: no access'],
    ['a getter that throws', { a: hostile }, 'a.secret cannot be read: no access'],
    ['a revoked proxy', { a: revoked.proxy }, 'a cannot be read: Cannot perform'],
    ['501 levels', nested(501), 'is more than 500 levels deep'],
    ['100,000 levels', nested(100_000), 'is more than 500 levels deep'],
    ['NUL', { a: ['x\u0000y'] }, 'a[0] holds a NUL character (U+0000), which cannot be stored'],
    ['NUL in a name', { a: { 'x\u0000': 1 } }, 'has a name with a NUL character (U+0000), which cannot be stored'],
    ['NUL from toJSON', { toJSON: () => '\u0000' }, 'it holds a NUL character'],
    ['a high surrogate', { a: 'x\uD83D' }, 'a holds half of a surrogate pair (U+D83D), which cannot be stored'],
    ['a low surrogate', '\uDE42\uD83D', 'it holds half of a surrogate pair (U+DE42)'],
    ['a surrogate in a name', { '\uD83D': 1 }, 'has a name with half of a surrogate pair (U+D83D)'],
  ])('%s', (_, value, problem) => {
    expect(toStorableJson(value)).toEqual({ ok: false, problem: expect.stringContaining(problem) });
  });

  it('with a path of bounded length', () => {
    const answer = toStorableJson({ ['k'.repeat(5000)]: { ['l'.repeat(5000)]: 1n } });
    expect(answer.ok).toBe(false);
    expect(JSON.stringify(answer).length).toBeLessThan(400);
  });

  it('BigInt only while it has no toJSON', () => {
    const prototype = BigInt.prototype as { toJSON?: () => string };
    prototype.toJSON = function toJSON(this: bigint) {
      return `${this}n`;
    };
    try {
      expect(toStorableJson({ n: 12n })).toEqual({ ok: true, json: '{"n":"12n"}' });
    } finally {
      delete prototype.toJSON;
    }
  });
});
