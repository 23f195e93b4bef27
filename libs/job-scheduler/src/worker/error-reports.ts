import type { Clock } from '../common/clock.js';

/** The same error of one queue is reported again after this many milliseconds. */
const SAME_ERROR_AGAIN = 10_000;

/** Store errors on their way to whom the pool reports them: the same text is seldom repeated while it lasts. */
export class ErrorReports {
  private readonly last = new Map<string, { message: string; until: number }>();

  constructor(
    private readonly clock: Clock,
    private readonly onError: (error: Error, queue: string) => void,
  ) {}

  report(queue: string, error: Error): void {
    const now = this.clock.now();
    const last = this.last.get(queue);
    if (last?.message === error.message && now < last.until) return;
    this.last.set(queue, { message: error.message, until: now + SAME_ERROR_AGAIN });
    try {
      this.onError(error, queue);
    } catch {
      // An error of the report must not stop the pool.
    }
  }
}
