import { Clock } from '#src/common/clock.js';

/** A clock that stands still. Its timers go off when the test says so, whatever their time. */
export class HeldClock extends Clock {
  private readonly timers = new Set<{ readonly ms: number; readonly work: () => void }>();

  now(): number {
    return 1_000;
  }

  after(ms: number, work: () => void) {
    const timer = { ms, work };
    this.timers.add(timer);
    return { cancel: () => void this.timers.delete(timer) };
  }

  /** What the timers were set to, in milliseconds. */
  get pending(): number[] {
    return [...this.timers].map(({ ms }) => ms);
  }

  /** All that are set now go off. */
  fire(): void {
    const due = [...this.timers];
    for (const timer of due) if (this.timers.delete(timer)) timer.work();
  }
}

/** Lets all that is ready go on, some times over. */
export async function turns(count = 5): Promise<void> {
  for (let n = 0; n < count; n++) await new Promise((resolve) => setImmediate(resolve));
}
