import type { Clock, ClockTimer } from '../definition/clock.js';
import type { PresenceStore } from '../store/ports.js';

/** Says in the store that this process works, until it is stopped. */
export class Heartbeat {
  private timer: ClockTimer | undefined;
  private stopped = false;

  constructor(
    private readonly presence: PresenceStore,
    private readonly worker: string,
    /** How long a beat holds, in milliseconds. */
    private readonly ttl: number,
    private readonly clock: Clock,
  ) {}

  async start(): Promise<void> {
    await this.presence.beat(this.worker, this.ttl);
    this.plan();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    // A store that is away forgets the worker by itself, in time.
    await this.presence.leave(this.worker).catch(() => undefined);
  }

  private plan(): void {
    if (this.stopped) return;
    this.timer = this.clock.after(
      this.ttl / 3,
      () => {
        // A beat that is missed while the store is away is made up by the next.
        void this.presence
          .beat(this.worker, this.ttl)
          .catch(() => undefined)
          .then(() => this.plan());
      },
      false,
    );
  }
}
