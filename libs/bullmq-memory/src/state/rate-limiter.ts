import { endOf } from './clock.js';

/** How many jobs of a queue have started in the current window. */
export class RateLimiter {
  private started: number | undefined;
  private until = Infinity;

  /** Milliseconds until a job may start; 0: now. Without a maximum there is no limit. */
  waitFor(max: number | undefined, now: number): number {
    if (!max || this.count(now) < max) return 0;
    return Number.isFinite(this.until) ? Math.max(0, this.until - now) : 0;
  }

  /** A job starts. The first one opens a window of `duration` milliseconds. */
  start(now: number, duration: number): void {
    const count = this.count(now) + 1;
    this.started = count;
    if (count === 1) this.until = endOf(now, Math.abs(duration));
  }

  /** No job may start for so many milliseconds. */
  block(now: number, duration: number): void {
    this.started = Number.MAX_SAFE_INTEGER;
    this.until = endOf(now, duration);
  }

  /** As Redis's PTTL: -2 when there is no window, -1 when it has no end. */
  ttl(now: number): number {
    this.count(now);
    if (this.started === undefined) return -2;
    return Number.isFinite(this.until) ? this.until - now : -1;
  }

  /** @returns whether there was a window. */
  reset(now: number): boolean {
    const was = this.ttl(now) !== -2;
    this.started = undefined;
    this.until = Infinity;
    return was;
  }

  private count(now: number): number {
    if (this.until <= now) {
      this.started = undefined;
      this.until = Infinity;
    }
    return this.started ?? 0;
  }
}
