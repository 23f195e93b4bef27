import { expect, it } from '@jest/globals';
import { turns } from '../../../../../../test/support/held-clock.js';
import { callersDriver } from './callers-driver.js';
import type { SqlDriver } from './sql-driver.js';

/** Answers when it is told to. */
function slowDriver(size: number | undefined) {
  const begun: { text: string; end: (error?: Error) => void }[] = [];
  const query = (text: string) =>
    new Promise((resolve, reject) =>
      begun.push({ text, end: (error) => (error ? reject(error) : resolve({ rows: [] })) }),
    );
  const driver = { address: 'a', size, query, queryInSchema: query } as unknown as SqlDriver;
  return { driver, begun };
}

it.each([
  [10, 7],
  [3, 2],
  [2, 1],
  [1, 1],
])('of %i connections calls use %i', async (size, most) => {
  const { driver, begun } = slowDriver(size);
  const callers = callersDriver(driver);
  for (let n = 0; n < 20; n++) void callers.query(String(n));
  await turns();
  expect(begun).toHaveLength(most);
});

it('calls take turns in order, whether they fail or not', async () => {
  const { driver, begun } = slowDriver(2);
  const callers = callersDriver(driver);
  const ends = Promise.allSettled(Array.from({ length: 4_000 }, (_, n) => callers.queryInSchema(String(n))));
  for (let n = 0; n < 4_000; n++) {
    while (!begun[n]) await turns(1);
    begun[n]!.end(n % 3 === 0 ? new Error('x') : undefined);
  }
  expect((await ends).filter(({ status }) => status === 'rejected')).toHaveLength(1_334);
  expect(begun.map(({ text }) => Number(text))).toEqual(Array.from({ length: 4_000 }, (_, n) => n));
});

it('a driver of one connection is left as it is', () => {
  const { driver } = slowDriver(undefined);
  expect(callersDriver(driver)).toBe(driver);
});
