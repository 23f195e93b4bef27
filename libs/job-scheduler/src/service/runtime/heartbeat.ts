import type { Clock, ClockTimer } from '../../common/clock.js';
import { settlesWithin } from '../../common/promises.js';
import type { HeartbeatStore } from '../../store/ports/ports.js';

/** How long the store may take to hear of it, in milliseconds. */
const STORE_WITHIN = 1_000;

/** Says in the store that this process works, until it is stopped. */
export class Heartbeat {
  private timer: ClockTimer | undefined;
  private stopped = false;

  constructor(
    private readonly heartbeats: HeartbeatStore,
    private readonly worker: string,
    /** How long a beat holds, in milliseconds. */
    private readonly ttl: number,
    private readonly clock: Clock,
  ) {}

  async start(): Promise<void> {
    // Whether it is heard of at once does not matter to the work.
    await settlesWithin(this.heartbeats.beat(this.worker, this.ttl), this.clock, STORE_WITHIN);
    this.plan();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    // A store that is away forgets the worker by itself, in time.
    await settlesWithin(this.heartbeats.leave(this.worker), this.clock, STORE_WITHIN);
  }

  private plan(): void {
    if (this.stopped) return;
    this.timer = this.clock.after(
      this.ttl / 3,
      () => {
        // A beat that is missed while the store is away is made up by the next.
        void this.heartbeats
          .beat(this.worker, this.ttl)
          .catch(() => undefined)
          .then(() => this.plan());
      },
      false,
    );
  }
}
