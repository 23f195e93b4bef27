import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { BadRequestException, HttpException, NotFoundException } from '@nestjs/common';
import { JobAbortError } from '../errors/outcome-errors.js';
import { describeThrown, toErrorRecord } from './describe-error.js';

const refuse = (): never => {
  throw new Error('no access');
};

function hostileError(): Error {
  const error = new Error('hidden');
  // The stack first: V8 makes its text from the other fields when it is first touched.
  for (const field of ['stack', 'name', 'message', 'code', 'cause'])
    Object.defineProperty(error, field, { get: refuse });
  return error;
}

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable(new Error('x'), {});
  revoke();
  return proxy;
}

const trapped = new Proxy({}, { get: refuse, getPrototypeOf: refuse, has: refuse, ownKeys: refuse });
const circular: Record<string, unknown> = { id: 7 };
circular.self = circular;

const THROWN: [string, unknown, string][] = [
  ['undefined', undefined, 'Thrown: undefined'],
  ['null', null, 'Thrown: null'],
  ['a string', 'disk is full', 'disk is full'],
  ['an empty string', '', 'An empty text was thrown'],
  ['a number', 42, 'Thrown: 42'],
  ['a BigInt', 42n, 'Thrown: 42n'],
  ['a symbol', Symbol('stop'), 'Thrown: Symbol(stop)'],
  ['a function', function stop() {}, 'Thrown: [Function: stop]'],
  ['an object', { status: 404, body: 'gone' }, "Thrown: { status: 404, body: 'gone' }"],
  ['a circular object', circular, 'Thrown: <ref *1> { id: 7, self: [Circular *1] }'],
  ['an object with a message', { message: 'from afar' }, 'from afar'],
  ['an error', new RangeError('too far'), 'too far'],
  ['an HttpException', new NotFoundException('no such mail'), 'no such mail'],
  ['an HttpException without a text', new NotFoundException(), 'Not Found'],
  [
    'an HttpException with a list',
    new BadRequestException(['to must be an email', 'day must be a date']),
    'Bad Request Exception: to must be an email; day must be a date',
  ],
  ['an HttpException with an object', new HttpException({ why: 'closed' }, 400), "Http Exception: { why: 'closed' }"],
  ['an error of another realm', runInNewContext('new TypeError("elsewhere")'), 'elsewhere'],
  ['an error without a message', new TypeError(), 'TypeError without a message'],
  ['an error with a code only', Object.assign(new Error(), { code: 'E_GONE' }), 'E_GONE'],
  [
    'several errors in one that says something',
    new AggregateError([new Error('one'), new Error('')], 'All promises were rejected'),
    'All promises were rejected: one; ',
  ],
  ['one whose errors are no list', Object.assign(new AggregateError([], 'odd'), { errors: 'many' }), 'odd'],
  ['several errors in one', new AggregateError([new Error('one'), 'two']), "one; 'two'"],
  ['an error whose message is no text', Object.assign(new Error('x'), { message: 5 }), 'Error without a message'],
  ['an error with getters that throw', hostileError(), 'Error without a message'],
  ['a proxy whose traps throw', trapped, 'Thrown: {}'],
  ['a revoked proxy', revokedProxy(), 'Thrown: <Revoked Proxy>'],
  [
    'an object with a hostile inspection',
    {
      [Symbol.for('nodejs.util.inspect.custom')]: refuse,
      get a() {
        return refuse();
      },
    },
    'Thrown: { a: [Getter]',
  ],
  [
    'an object that names itself badly',
    {
      get [Symbol.toStringTag]() {
        return refuse();
      },
    },
    'Thrown: ',
  ],
];

describe.each(THROWN)('%s that was thrown', (_, thrown, message) => {
  it('gives an error with the best text there is', () => {
    const error = describeThrown(thrown);
    expect(typeof error.stack).toBe('string');
    expect(typeof error.name).toBe('string');
    expect(typeof error.message).toBe('string');
    expect(toErrorRecord(error).message).toContain(message);
  });

  it('gives a record of plain text', () => {
    const record = toErrorRecord(thrown);
    expect(record.message).toContain(message);
    expect(JSON.parse(JSON.stringify(record))).toEqual(record);
  });
});

describe('describeThrown', () => {
  it('gives back an error that can be read, so that its class is kept', () => {
    const error = new JobAbortError('no such invoice');
    expect(describeThrown(error)).toBe(error);
  });
});

describe('toErrorRecord', () => {
  it('has name, code, message and stack', () => {
    const error = new JobAbortError('no such invoice');
    expect(toErrorRecord(error)).toEqual({
      name: 'JobAbortError',
      message: 'no such invoice',
      code: 'JOB_ABORTED',
      stack: error.stack,
    });
  });

  it('takes numbers for codes, and nothing else that is no text', () => {
    expect(toErrorRecord(Object.assign(new Error('x'), { code: 404 })).code).toBe('404');
    expect(toErrorRecord(Object.assign(new Error('x'), { code: {} }))).not.toHaveProperty('code');
  });

  it('shows the causes in the stack, once each', () => {
    const root = new Error('root');
    const middle = new Error('middle', { cause: root });
    root.cause = middle;
    const { stack } = toErrorRecord(new Error('top', { cause: middle }));
    expect(stack?.match(/Caused by: /g)).toHaveLength(2);
    expect(stack).toMatch(/Error: top[^]*Caused by: Error: middle[^]*Caused by: Error: root/);
    expect(toErrorRecord(new Error('x', { cause: 'full disk' })).stack).toContain("Caused by: 'full disk'");
  });

  it.each([['x'], ['é'], ['€'], ['🙂']])('bounds texts of %p in bytes, at a whole character', (character) => {
    const error = Object.assign(new Error(character.repeat(50_000)), {
      name: character.repeat(50_000),
      code: character.repeat(50_000),
    });
    const { name, message, code, stack } = toErrorRecord(error);
    const bytes = [name, message, code, stack].map((text) => Buffer.byteLength(text ?? ''));
    expect(bytes[0]).toBeLessThanOrEqual(256);
    expect(bytes[1]).toBeLessThanOrEqual(8192);
    expect(bytes[1]).toBeGreaterThan(8192 - 8);
    expect(bytes[2]).toBeLessThanOrEqual(256);
    expect(bytes[3]).toBeLessThanOrEqual(16_384);
    expect(message).toBe(`${character.repeat((message.length - 1) / character.length)}…`);
  });

  it.each([[8192], [8193]])('leaves what fits as it is: %p bytes', (length) => {
    expect(toErrorRecord('x'.repeat(length)).message.endsWith('…')).toBe(length > 8192);
  });

  it('replaces characters that stores refuse', () => {
    const record = toErrorRecord(new Error('a\u0000b\uD83Dc🙂'));
    expect(record.message).toBe('a\uFFFDb\uFFFDc🙂');
    expect(record.stack).not.toContain('\u0000');
  });
});
