/** From when on what fails again and again counts as lasting, in milliseconds. */
const LASTING = 10_000;

/** What a queue asks of the store: to wait for its next job, and to fetch it. Users may lack the right to one of them. */
type Request = 'wait' | 'fetch';

/** Errors that do not pass by themselves: without an answer to the same request in between. */
export class LastingErrors {
  private readonly since = new Map<Request, number>();

  failed(request: Request, now: number): void {
    if (!this.since.has(request)) this.since.set(request, now);
  }

  answered(request: Request): void {
    this.since.delete(request);
  }

  isLasting(now: number): boolean {
    return [...this.since.values()].some((since) => now - since >= LASTING);
  }
}
