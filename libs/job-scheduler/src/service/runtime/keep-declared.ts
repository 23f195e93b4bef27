import type { Clock, ClockTimer } from '../../common/clock.js';
import type { JobDefinition } from '../../definition/job-definition.js';
import { settlesWithin } from '../../common/promises.js';
import type { StoreTime } from '../../store/store-time.js';
import type { Declarer } from '../../scheduling/sync/declarer.js';

/** How long the store may take to hear of it, in milliseconds. */
const STORE_WITHIN = 1_000;

/** Says again and again which jobs this process knows, where it fires no schedules: the ticker says so, too. */
export class KeepDeclared {
  private timer: ClockTimer | undefined;
  private stopped = false;

  /** @param every milliseconds. */
  constructor(
    private readonly declarer: Declarer,
    private readonly time: StoreTime,
    private readonly definitions: () => readonly JobDefinition[],
    private readonly clock: Clock,
    private readonly every: number,
  ) {}

  /** Never rejects: what is not heard now is said again. */
  async start(): Promise<void> {
    await settlesWithin(this.now(), this.clock, STORE_WITHIN);
    this.plan();
  }

  /** At once, as after a job was registered. Never rejects. */
  async now(): Promise<void> {
    await this.time.sure();
    await this.declarer.declare(this.definitions()).catch(() => undefined);
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
  }

  private plan(): void {
    if (this.stopped) return;
    this.timer = this.clock.after(this.every, () => void this.now().then(() => this.plan()), false);
  }
}
