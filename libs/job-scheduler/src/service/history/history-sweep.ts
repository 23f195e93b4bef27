import type { Clock, ClockTimer } from '../../common/clock.js';
import { describeThrown } from '../../common/describe-error.js';
import { settlesWithin } from '../../common/promises.js';
import type { Store } from '../../store/ports/ports.js';
import type { DeadLetterSweep } from '../dead-letters/dead-letter-sweep.js';

/** How often the fleet deletes what is left of executions whose age is over, in milliseconds. */
export const SWEEP_EVERY = 60_000;
/** How long a sweep that is under way may take to end, in milliseconds. */
const STOP_WITHIN = 1_000;

/** Held by the process that has swept, for most of a round: the others need not. */
const ROUND = '_history';

/** Deletes records and dead letters whose age is over, of jobs that never run again, too. One process of the fleet at a time. */
export class HistorySweep {
  private timer: ClockTimer | undefined;
  private round: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly store: Pick<Store, 'history' | 'locks'>,
    private readonly workerId: string,
    private readonly clock: Clock,
    private readonly onError: (error: Error) => void,
    private readonly every = SWEEP_EVERY,
    private readonly letters?: Pick<DeadLetterSweep, 'sweep'>,
  ) {}

  start(): void {
    this.timer = this.clock.after(this.every, this.begin, false);
  }

  /** Waits for a sweep that is under way. Never rejects. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    await settlesWithin(this.round, this.clock, STOP_WITHIN);
  }

  private readonly begin = (): void => {
    this.round = this.next();
  };

  private async next(): Promise<void> {
    try {
      await this.sweep();
    } catch (thrown) {
      this.onError(describeThrown(thrown));
    }
    if (!this.stopped) this.start();
  }

  private async sweep(): Promise<void> {
    const { held } = await this.store.locks.acquire(ROUND, this.workerId, { ttl: Math.max(1, 0.9 * this.every) });
    if (held) await this.store.history.sweep();
    await this.letters?.sweep(this.workerId, this.every);
  }
}
