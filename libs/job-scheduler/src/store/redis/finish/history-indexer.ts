import type { Clock, ClockTimer } from '../../../common/clock.js';
import { settlesWithin } from '../../../common/promises.js';
import type { RedisConnections } from '../connection/redis-connections.js';

/** How long an execution may be stored before it is counted and bounds its job's history, in milliseconds. */
const INDEX_AFTER = 100;
/** Entries a call: Redis does nothing else for a millisecond then. In larger portions each costs less, as the newest push out more of it. */
const MOST = 400;
/** How long closing waits for it, in milliseconds. */
const CLOSE_WITHIN = 500;
/** How long after a failure it is tried again, in milliseconds. */
const TRY_AGAIN = 1_000;

/** Counts and indexes executions that were stored by the call that ended their job, many at a time. */
export class HistoryIndexer {
  private timer: ClockTimer | undefined;
  private indexing: Promise<void> | undefined;
  private closed = false;

  constructor(
    private readonly connections: RedisConnections,
    private readonly base: string,
    private readonly clock: Clock,
    private readonly warnCorrupt: (key: string) => void,
  ) {}

  /** Something waits to be indexed, or will in a moment. */
  wake(): void {
    if (this.timer === undefined && !this.closed) this.timer = this.clock.after(INDEX_AFTER, this.run, false);
  }

  /** Resolves when all that was stored before is indexed, by whichever process stored it. */
  async indexPending(): Promise<void> {
    for (;;) {
      const [left, ...corrupt] = await this.connections.any.jobsIndexPending(this.base, MOST);
      for (const key of corrupt) this.warnCorrupt(String(key));
      if (!left) return;
    }
  }

  /** Indexes what is left, if the store answers soon. Else the next process does so that stores or counts something. */
  async close(): Promise<void> {
    this.closed = true;
    if (this.timer === undefined) return;
    this.timer.cancel();
    await settlesWithin(this.indexing ?? this.indexPending(), this.clock, CLOSE_WITHIN);
  }

  private readonly run = (): void => {
    this.indexing = this.indexPending().then(
      () => this.rest(),
      () => this.rest(TRY_AGAIN),
    );
  };

  private rest(againAfter?: number): void {
    this.timer = undefined;
    this.indexing = undefined;
    if (againAfter !== undefined && !this.closed) this.timer = this.clock.after(againAfter, this.run, false);
  }
}
