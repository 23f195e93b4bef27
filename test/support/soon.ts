import { expect } from '@jest/globals';
import { figure, spread } from './figure.js';
import { scaled } from './machine.js';

/**
 * Looks that what an event starts does not wait for the next look by the clock, which lanes take every five seconds.
 * The middle time says so; a machine that halts for some seconds makes single ones late.
 * @param late milliseconds, of several tries: the figure that is printed.
 */
export function expectSoon(what: string, late: readonly number[]): void {
  const { words, median, most } = spread(late);
  figure(`${what}: ${words}`);
  expect(median).toBeLessThan(scaled(1_000));
  expect(most).toBeLessThan(scaled(30_000));
}
