import { beforeEach, describe, expect, it } from '@jest/globals';
import { SystemClock } from '../common/clock.js';
import { StoreTime } from './store-time.js';

const DAY = 86_400_000;

/** A process whose clock can be set, while real time goes on. */
class SetClock extends SystemClock {
  real = 1_000_000;
  isAhead = 0;
  override now(): number {
    return this.real + this.isAhead;
  }
  override monotonic(): number {
    return this.real - 77;
  }
}

let clock: SetClock;
let store: number | Error;
let asked: number;
let skews: number[];
/** How long the process stands still between the store's answers and their arrival. */
let stops: number[];
let time: StoreTime;

beforeEach(() => {
  clock = new SetClock();
  store = 0;
  asked = 0;
  skews = [];
  stops = [];
  const ask = async () => {
    asked++;
    if (store instanceof Error) throw store;
    const told = clock.real + store;
    clock.real += stops.shift() ?? 0;
    return told;
  };
  time = new StoreTime(ask, clock, (ahead) => skews.push(ahead));
});

describe("the store's time", () => {
  it("is the process's own where the two hardly differ", async () => {
    store = 300;
    expect(await time.sure()).toBe(clock.now());
    clock.real += 60_000;
    expect(await time.sure()).toBe(clock.now());
    expect([asked, skews]).toEqual([1, []]);
  });

  it.each([DAY, -3_600_000])(
    'goes on when the clock of the process is set by %d ms, and that is told once',
    async (by) => {
      await time.sure();
      clock.isAhead = by;
      expect(await time.sure()).toBe(clock.real);
      clock.real += 2_000;
      expect(await time.sure()).toBe(clock.real);
      expect([asked, skews]).toEqual([2, [by]]);
      clock.isAhead = 0;
      expect(await time.sure()).toBe(clock.real);
      expect([asked, skews]).toEqual([3, [by]]);
    },
  );

  it.each([
    ['once: asks again', [20_000], 2],
    ['each time: goes by the own clock', [20_000, 8_000, 3_000], 3],
  ])('is no other after the process was stopped while it asked, %s', async (_how, lengths, asks) => {
    stops = lengths;
    expect(await time.sure()).toBe(clock.now());
    clock.real += 60_000;
    expect(await time.sure()).toBe(clock.now());
    expect([asked, skews]).toEqual([asks, []]);
  });

  it("is the store's where the process was stopped while it asked, and its clock differs by far", async () => {
    store = DAY;
    stops = [20_000];
    expect(await time.sure()).toBe(clock.real + DAY);
    expect([asked, skews]).toEqual([2, [-DAY]]);
  });

  it('goes on by what is known when the store does not answer', async () => {
    await time.sure();
    store = new Error('away');
    clock.isAhead = DAY;
    clock.real += 1_000;
    expect(await time.sure()).toBe(clock.real);
    await expect(time.measure()).rejects.toThrow('away');
  });

  it('is right again after a sleep in which no clock went on but that of the store', async () => {
    await time.sure();
    // Woken: the wall clock is set right, the monotonic one has stood still.
    store = DAY;
    clock.isAhead = DAY;
    expect(await time.sure()).toBe(clock.real + DAY);
    expect(skews).toEqual([]);
  });
});
