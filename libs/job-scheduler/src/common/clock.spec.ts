import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SystemClock } from './clock.js';

const DAY = 86_400_000;

describe('SystemClock', () => {
  const clock = new SystemClock();
  beforeEach(() => void jest.useFakeTimers({ now: 1_000_000 }));
  afterEach(() => void jest.useRealTimers());

  it('tells the time of the process', () => {
    expect(clock.now()).toBe(1_000_000);
    jest.advanceTimersByTime(250);
    expect(clock.now()).toBe(1_000_250);
  });

  it.each([[5000], [60 * DAY]])('calls once, after %p ms and not before', (ms) => {
    const work = jest.fn();
    clock.after(ms, work);
    jest.advanceTimersByTime(ms - 1);
    expect(work).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(work).toHaveBeenCalledTimes(1);
    jest.advanceTimersByTime(100 * DAY);
    expect(work).toHaveBeenCalledTimes(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  it.each([[0], [-5]])('calls at once for %p ms, but not inside the call', (ms) => {
    const work = jest.fn();
    clock.after(ms, work);
    expect(work).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(work).toHaveBeenCalledTimes(1);
  });

  it.each([[0], [30 * DAY]])('does not call once cancelled, after %p ms', (elapsed) => {
    const work = jest.fn();
    const timer = clock.after(60 * DAY, work);
    jest.advanceTimersByTime(elapsed);
    timer.cancel();
    timer.cancel();
    jest.advanceTimersByTime(100 * DAY);
    expect(work).not.toHaveBeenCalled();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('sleeps until the time is over', async () => {
    const slept = clock.sleep(5000);
    await jest.advanceTimersByTimeAsync(5000);
    await expect(slept).resolves.toBeUndefined();
  });

  it('wakes up on a signal, and leaves neither timer nor listener', async () => {
    const controller = new AbortController();
    const removed = jest.spyOn(controller.signal, 'removeEventListener');
    const slept = clock.sleep(60 * DAY, controller.signal);
    controller.abort();
    await expect(slept).resolves.toBeUndefined();
    expect(jest.getTimerCount()).toBe(0);
    expect(removed).toHaveBeenCalledTimes(1);
  });

  it('does not sleep at all on a signal that has fired', async () => {
    await expect(clock.sleep(60 * DAY, AbortSignal.abort())).resolves.toBeUndefined();
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('a timer of SystemClock', () => {
  it.each([
    [true, 1],
    [false, 0],
  ])('keeps the process up: %p', (keepAlive, timers) => {
    const count = () => process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length;
    const before = count();
    const timer = new SystemClock().after(60_000, () => undefined, keepAlive);
    expect(count() - before).toBe(timers);
    timer.cancel();
    expect(count()).toBe(before);
  });
});
