/** docs/architecture.md draws the rooms that there are, in their order, and counts its stops rightly. Its files: `docs.spec.ts`. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

const page = readFileSync('docs/architecture.md', 'utf8');

/** The rooms in the order of the import rule: the first may import no other. */
function roomsOfTheRule(): string[] {
  const [, list = ''] = /const rooms = \[([^\]]*)\]/.exec(readFileSync('.dependency-cruiser.mjs', 'utf8')) ?? [];
  return [...list.matchAll(/'([^']+)'/g)].map(([, room]) => room!);
}

test('the drawing has every room that there is, from the last to the first of the import rule', () => {
  const there = readdirSync('libs/job-scheduler/src', { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const names = new Set(there.map(({ name }) => name));
  const [drawing = ''] = /```text\n[^]*?```/.exec(page) ?? [];
  const drawn = [...drawing.matchAll(/^([\w-]+)\/ /gm)].map(([, room]) => room);
  expect(drawn).toEqual(
    roomsOfTheRule()
      .filter((room) => names.has(room))
      .toReversed(),
  );
  expect(drawn.length).toBe(names.size);
});

test('the heading of each walk has the number of its stops', () => {
  const walks = page.split(/^## /m).filter((section) => /^The walk of .*: \d+ stops\n/.test(section));
  expect(walks).toHaveLength(4);
  for (const walk of walks) {
    const [heading = ''] = walk.split('\n', 1);
    const stops = walk.split('\n').flatMap((line) => /^\|.*\| (`.*`) +\|$/.exec(line)?.[1]?.split(' → ') ?? []);
    expect([heading, stops.length]).toEqual([heading, Number(/(\d+) stops/.exec(heading)![1])]);
  }
});
