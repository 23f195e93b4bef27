import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Clock, type ClockTimer } from '../common/clock.js';
import type { Notifier } from '../store/ports/notifier.js';
import { SignalListeners } from '../store/signal-listeners.js';
import { SubscriberPresence } from './subscriber-presence.js';

/** Time that passes when the test says so. */
class MovedClock extends Clock {
  private time = 0;
  private readonly timers = new Map<object, { at: number; work: () => void }>();

  now(): number {
    return this.time;
  }
  after(ms: number, work: () => void): ClockTimer {
    const timer = { cancel: () => void this.timers.delete(timer) };
    this.timers.set(timer, { at: this.time + ms, work });
    return timer;
  }
  async move(ms: number): Promise<void> {
    const end = this.time + ms;
    for (;;) {
      const [next] = [...this.timers].filter(([, { at }]) => at <= end).toSorted(([, a], [, b]) => a.at - b.at);
      if (!next) break;
      this.timers.delete(next[0]);
      this.time = next[1].at;
      next[1].work();
      await turn();
    }
    this.time = end;
  }
  get armed(): number {
    return this.timers.size;
  }
}

/** A fleet's messages, which can be cut off from some. */
class Wire {
  readonly words: string[] = [];
  private readonly listeners = new Map<number, SignalListeners>();
  private readonly cut = new Set<number>();

  signals(place: number): Notifier {
    const own = new SignalListeners();
    this.listeners.set(place, own);
    return {
      publish: async (topic, message) => {
        this.words.push(message);
        if (this.cut.has(place)) throw new Error('cut off');
        for (const [each, listeners] of this.listeners) if (!this.cut.has(each)) listeners.deliver(topic, message);
      },
      subscribe: async (topic, listener, onGap) => {
        const remove = own.add(topic, listener, onGap);
        return async () => void remove();
      },
    };
  }
  break(place: number): void {
    this.cut.add(place);
  }
  mend(place: number): void {
    this.cut.delete(place);
    this.listeners.get(place)!.tellReconnected();
  }
}

const clock = new MovedClock();
const made: SubscriberPresence[] = [];

function member(wire: Wire, place: number): SubscriberPresence {
  const signals = wire.signals(place);
  const presence = new SubscriberPresence(
    () => signals,
    clock,
    () => undefined,
  );
  made.push(presence);
  return presence;
}

afterEach(async () => {
  await Promise.all(made.splice(0).map((presence) => presence.close()));
});

describe('who in the fleet listens', () => {
  it('is known to those who were there before, to those who come later, and forgotten at a goodbye', async () => {
    const wire = new Wire();
    const [early, late, ear] = [member(wire, 1), member(wire, 2), member(wire, 3)];
    await early.follow();
    expect(early.isThere).toBe(false);
    await ear.come('ear');
    expect([early.isThere, ear.isThere]).toEqual([true, true]);
    await late.follow();
    expect(late.isThere).toBe(true);
    await ear.leave('ear');
    expect([early, late, ear].map(({ isThere }) => isThere)).toEqual([false, false, false]);
  });

  it('one goes and another stays', async () => {
    const wire = new Wire();
    const [worker, a, b] = [member(wire, 1), member(wire, 2), member(wire, 3)];
    await worker.follow();
    await Promise.all([a.come('a'), b.come('b')]);
    await a.leave('a');
    expect(worker.isThere).toBe(true);
    await b.leave('b');
    expect(worker.isThere).toBe(false);
  });

  it('says so every ten seconds; one that says nothing for thirty has died', async () => {
    const wire = new Wire();
    const [worker, ear] = [member(wire, 1), member(wire, 2)];
    await worker.follow();
    await ear.come('ear');
    await clock.move(120_000);
    expect(worker.isThere).toBe(true);
    wire.break(2);
    await clock.move(20_000);
    expect(worker.isThere).toBe(true);
    await clock.move(30_000);
    expect(worker.isThere).toBe(false);
    // It was only cut off.
    wire.mend(2);
    await turn();
    expect(worker.isThere).toBe(true);
  });

  it('is asked again after a gap', async () => {
    const wire = new Wire();
    const [worker, ear] = [member(wire, 1), member(wire, 2)];
    await worker.follow();
    wire.break(1);
    await ear.come('ear');
    expect(worker.isThere).toBe(false);
    wire.mend(1);
    await turn();
    expect(worker.isThere).toBe(true);
  });

  it('is found by one who asks for the first time; if nobody answers, after a moment', async () => {
    const wire = new Wire();
    const [producer, ear] = [member(wire, 1), member(wire, 2)];
    const finding = producer.find();
    await turn();
    await clock.move(1_000);
    await finding;
    expect([producer.isThere, producer.isKnown]).toEqual([false, true]);
    await ear.come('ear');
    await member(wire, 3).find();
    expect(made.at(-1)!.isThere).toBe(true);
  });

  it('leaves no timer behind when it is closed', async () => {
    const wire = new Wire();
    const [worker, ear] = [member(wire, 1), member(wire, 2)];
    await Promise.all([worker.follow(), ear.come('ear')]);
    const finding = member(wire, 3).find();
    await Promise.all(made.splice(0).map((presence) => presence.close()));
    await finding;
    expect(clock.armed).toBe(0);
  });

  it('says nothing without a listener, once every process was asked', async () => {
    const wire = new Wire();
    const worker = member(wire, 1);
    await worker.follow();
    expect(wire.words).toEqual(['{"who":""}']);
    await clock.move(600_000);
    expect(wire.words).toHaveLength(1);
  });
});
