import { describe, expect, it } from '@jest/globals';
import { gate } from '../../../../test/support/gate.js';
import { HeldClock, turns } from '../../../../test/support/held-clock.js';
import { StoreUnavailableError } from '../errors/store-errors.js';
import { CallTurns } from '../store/call-turns.js';
import type { Store } from '../store/ports/ports.js';
import { CallLine } from './call-line.js';

const MOST = 250;

function setUp() {
  const clock = new HeldClock();
  const store = { address: 'store', turns: new CallTurns(clock) } as Store;
  const line = new CallLine();
  const begun: { n: number; open: () => void }[] = [];
  const ends: string[] = [];
  const call = (n: number, fail?: Error) =>
    line
      .run(store, async () => {
        const { opened, open } = gate();
        begun.push({ n, open });
        await opened;
        if (fail) throw fail;
      })
      .then(
        () => ends.push('answered'),
        (error: { code: string }) => ends.push(error.code),
      );
  return { clock, begun, ends, call };
}

const numbers = (length: number) => Array.from({ length }, (_, n) => n);

describe('a line of calls', () => {
  it('sends 250, and the others in order as those are answered', async () => {
    const { begun, ends, call } = setUp();
    const calls = numbers(3_000).map((n) => call(n));
    await turns();
    expect(begun).toHaveLength(MOST);
    begun[7]!.open();
    await turns();
    expect(begun.at(-1)?.n).toBe(MOST);
    for (let next = 0; next < begun.length; next++) {
      begun[next]!.open();
      await turns();
    }
    await Promise.all(calls);
    expect(begun.map(({ n }) => n)).toEqual(numbers(3_000));
    expect(new Set(ends)).toEqual(new Set(['answered']));
    // The line is as it was.
    for (const n of numbers(MOST + 1)) void call(n);
    await turns();
    expect(begun).toHaveLength(3_000 + MOST);
  });

  it('goes on after a call that failed by itself', async () => {
    const { begun, ends, call } = setUp();
    void call(0, new StoreUnavailableError('store', 'broke one connection.'));
    for (const n of numbers(MOST)) void call(n + 1);
    begun[0]!.open();
    await turns();
    expect(ends).toEqual(['STORE_UNAVAILABLE']);
    expect(begun.at(-1)?.n).toBe(MOST);
  });

  it('gives up those that wait when the store is silent, and sends the ones after them', async () => {
    const { clock, begun, ends, call } = setUp();
    for (const n of numbers(MOST + 500)) void call(n);
    await turns();
    clock.fire();
    await turns();
    expect(ends).toEqual(numbers(MOST + 500).map(() => 'STORE_UNAVAILABLE'));
    expect(begun).toHaveLength(MOST);
    void call(-1);
    await turns();
    expect(begun.at(-1)?.n).toBe(-1);
  });
});
