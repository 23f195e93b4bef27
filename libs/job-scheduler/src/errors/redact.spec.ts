import { expect, test } from '@jest/globals';
import { redact } from './redact.js';

test.each([
  ['at redis://jobs:pl4nted@h:6379/0 now', 'at redis://… now'],
  ['redis://:pl4"nted@h', 'redis://…'],
  ["postgres://jobs:pl4'nt ed@h/shop is away", 'postgres://… is away'],
  ['redis://:pl4 nted@h, and rediss://:pl4<nted@h', 'redis://… and rediss://…'],
  ['redis://:pl4 nted@h:1/0 is away', 'redis://… is away'],
  ['redis://h:6379 said so to ada@example.org', 'redis://… said so to ada@example.org'],
  ['https://u:pl4@nted@example.org/x', 'https://…@example.org/x'],
  ['https://u:pl4/nted@example.org', 'https://…@example.org'],
  ['https://u:pl4"nted@example.org', 'https://…@example.org'],
  ['https://token@example.org', 'https://…@example.org'],
  ['https://example.org/@scope/name and http://[::1]:80/@x', 'https://example.org/@scope/name and http://[::1]:80/@x'],
  ['https://example.org.', 'https://example.org.'],
  ['REDIS_PASSWORD=pl4nted next', 'REDIS_PASSWORD=… next'],
  ['{"password":"pl4 nted","db":1}', '{"password":…,"db":1}'],
  ["{ password: 'pl4nted', db: 1 }", '{ password: …, db: 1 }'],
  ['wrong password: try again', 'wrong password: try again'],
  ['a://b', 'a://b'],
])('%s is told as %s', (text, told) => {
  expect(redact(text)).toBe(told);
});

test('a long text takes time in proportion to its length', () => {
  for (const part of ['redis://', 'redis://:a', 'a:// ', 'x', 'password=', 'https://u:"@', '@', '://']) {
    const text = part.repeat(200_000 / part.length);
    expect(redact(text).length).toBeLessThanOrEqual(text.length);
  }
});
