import { expect, it } from '@jest/globals';
import { pathText, readPathText } from './value-path.js';

it.each([
  [[], ''],
  [['day'], 'day'],
  [['items', 2, 'when'], 'items[2].when'],
  [[0, 1, 'a-b'], '[0][1].a-b'],
  [['a b', 'c.d', 'say "so"', '7', ''], '["a b"]["c.d"]["say \\"so\\""]["7"][""]'],
  [['größe', '日'], 'größe.日'],
])('%j is written %s, and read back', (path, text) => {
  expect(pathText(path)).toBe(text);
  expect(readPathText(text)).toEqual(path);
});

it('a path that was cut is read as far as it goes', () => {
  const path = Array.from({ length: 60 }, (_, n) => `key${n}`);
  const read = readPathText(pathText(path));
  expect(read.length).toBeGreaterThan(20);
  expect(path.slice(0, read.length - 1)).toEqual(read.slice(0, -1));
});
