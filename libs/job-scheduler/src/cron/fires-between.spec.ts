import { expect, it } from '@jest/globals';
import { firesBetween, firstFire, type Stretch } from './fires-between.js';
import { parseSchedule } from './schedule.js';

const stretch = (expression: string, since = -Infinity, until = Infinity, anchor = 0): Stretch => ({
  spec: parseSchedule(expression, 'UTC'),
  anchor,
  since,
  until,
});
const at = (text: string) => Date.parse(`2026-03-01T${text}Z`);

it('gives what lies between, the first moment left out and the last taken in', () => {
  expect(firesBetween([stretch('* * * * *')], at('10:00:00'), at('10:03:00'), 10)).toEqual({
    times: [at('10:01:00'), at('10:02:00'), at('10:03:00')],
    hasOlder: false,
  });
  expect(firstFire([stretch('* * * * *')], at('10:00:00'))).toBe(at('10:01:00'));
});

it('gives the newest when there are more, also of years by the second', () => {
  const { times, hasOlder } = firesBetween([stretch('* * * * * *')], Date.parse('2016-01-01'), at('10:00:00'), 3);
  expect([times, hasOlder]).toEqual([[at('09:59:58'), at('09:59:59'), at('10:00:00')], true]);
  const rare = firesBetween([stretch('0 0 29 2 *')], Date.parse('1990-01-01'), at('10:00:00'), 2);
  expect(rare.times).toEqual([Date.parse('2020-02-29'), Date.parse('2024-02-29')]);
});

it('keeps an old schedule to its time and a new one to its own', () => {
  const changedAt = at('10:02:30');
  const both = [stretch('* * * * *', at('10:00:30'), changedAt), stretch('every 10s', changedAt)];
  expect(firesBetween(both, 0, at('10:02:51'), 10).times).toEqual([
    at('10:01:00'),
    at('10:02:00'),
    at('10:02:40'),
    at('10:02:50'),
  ]);
  expect(firstFire(both, at('10:02:00'))).toBe(at('10:02:40'));
  expect(firstFire([stretch('* * * * *', at('10:00:30'), changedAt)], changedAt)).toBeUndefined();
});
