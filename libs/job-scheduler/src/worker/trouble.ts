/** From when on what fails again and again counts as lasting, in milliseconds. */
const LASTING = 10_000;

/** What we ask the store of one queue: to wait for its next job, and to fetch it. Users may lack the right to one of them. */
type Ask = 'wait' | 'fetch';

/** Errors that do not pass by themselves. One of a kind that is answered in between is none. */
export class Trouble {
  private readonly since = new Map<Ask, number>();

  failed(ask: Ask, now: number): void {
    if (!this.since.has(ask)) this.since.set(ask, now);
  }

  answered(ask: Ask): void {
    this.since.delete(ask);
  }

  isLasting(now: number): boolean {
    return [...this.since.values()].some((since) => now - since >= LASTING);
  }
}
