import { beforeAll, describe, expect, test } from '@jest/globals';
import { startChild, type TestChild } from './child.js';
import { randomPrefix } from './prefix.js';
import { until } from './until.js';

const fixture = 'test/support/child.fixture.ts';

describe('a child process of a test', () => {
  let left: TestChild;

  test('runs our TypeScript, tells events, hears lines and ends', async () => {
    const child = startChild(fixture, { args: ['first'] });
    expect(await child.next('ready')).toMatchObject({ injected: true, library: 'object', argument: 'first' });
    expect(child.output).toBe('no event\n');
    child.write('hello');
    await child.next('heard', { accepts: ({ line }) => line === 'hello' });
    expect(await child.signal('SIGTERM')).toEqual({ code: 3, signal: null });
    expect(child.events.map(({ event }) => event)).toEqual(['ready', 'heard', 'stopping']);
    expect(child.count('stopping')).toBe(1);
  });

  test('is killed with no chance to say so', async () => {
    const child = startChild(fixture);
    await child.next('ready');
    expect(await child.kill()).toEqual({ code: null, signal: 'SIGKILL' });
    expect(child.count('stopping')).toBe(0);
    expect(child.alive).toBe(false);
  });

  test('that dies early rejects who waits, with its words', async () => {
    const child = startChild(fixture, { args: ['throw'] });
    await expect(child.next('ready')).rejects.toThrow('thrown by the child');
    await child.exited;
    await expect(child.next('ready')).rejects.toThrow('never told "ready"');
  });

  test('that stays silent rejects in time', async () => {
    const child = startChild(fixture);
    await child.next('ready');
    await expect(child.next('never', { within: 50 })).rejects.toThrow(
      /did not tell "never" within \d+ ms\. It told: ready/,
    );
    left = child;
  });

  test('is dead when its test has ended', () => expect(left.alive).toBe(false));
});

describe('a child of the whole file', () => {
  let child: TestChild;
  beforeAll(() => {
    child = startChild(fixture);
  });

  test('is there for the first test', async () => expect(await child.next('ready')).toHaveProperty('injected', true));
  test('and for the next one', () => expect(child.alive).toBe(true));
});

describe('until', () => {
  test('gives the first answer that is truthy, errors aside', async () => {
    let asked = 0;
    const answer = await until('it is the third time', () => {
      asked++;
      if (asked === 1) throw new Error('too early');
      return asked === 3 && 'third';
    });
    expect(answer).toBe('third');
  });

  test('says what it waited for and what it saw last', async () => {
    const vain = until('pigs fly', () => Promise.reject(new Error('no wings')), { within: 30, every: 5 });
    await expect(vain).rejects.toThrow(/Waited \d+ ms in vain until pigs fly\. Last seen: Error: no wings/);
  });
});

test('prefixes differ', () => expect(new Set(Array.from({ length: 100 }, randomPrefix)).size).toBe(100));
