/** docs/semantics.md shows when schedules fire as clocks change. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { nextOccurrences } from '#src/cron/next-occurrences.js';

/** Fires in Berlin from midnight to 02:30 UTC, as the page writes them. */
function firesOf(expression: string, day: string): string {
  const after = new Date(Date.parse(`${day}T00:00:00Z`) - 1);
  const fires = nextOccurrences(expression, { timezone: 'Europe/Berlin', after, count: 6 });
  const ofNight = fires.filter((fire) => fire.getTime() <= Date.parse(`${day}T02:30:00Z`));
  return ofNight.map((fire) => fire.toISOString().slice(11, 16)).join(', ') || 'none';
}

test('the fires that the page shows for two nights in Berlin are those that schedules have', () => {
  const page = readFileSync('docs/semantics.md', 'utf8');
  const rows = [...page.matchAll(/^\| `([^`]+)` +\| ((?:none|\d\d:\d\d)[^|]*) \| ([^|]+) \|$/gm)];
  const shown = rows.map(([, expression, march, october]) => [expression, march!.trim(), october!.trim()]);
  expect(shown).toHaveLength(4);
  expect(shown).toEqual(
    shown.map(([expression]) => [expression, firesOf(expression!, '2024-03-31'), firesOf(expression!, '2024-10-27')]),
  );
});
