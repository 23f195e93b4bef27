import type { Clock } from '../common/clock.js';

/** Clocks that differ by less than this go by their own time, in milliseconds. */
const SAME = 1_000;
/** The process's clock has jumped when it differs by more than this from what it was to be, in milliseconds. */
const JUMP = 5_000;
/** An answer that comes later than after twice this says little, in milliseconds: the store is asked again, so often at most. */
const UNSURE = 500;
const MOST_TRIES = 3;

interface Answer {
  /** By the process's clock and by the monotonic one. */
  readonly startedAt: number;
  readonly since: number;
  /** By the store's. */
  readonly told: number;
  /** Half of the time that it took, in milliseconds. */
  readonly halfWay: number;
}

/**
 * Time by the store's clock, which all processes share: the process's own may be wrong, or be set while it runs. Measured
 * now and then; in between it goes on by the monotonic clock, which cannot be set.
 */
export class StoreTime {
  private measured: { readonly at: number; readonly since: number; readonly ahead: number } | undefined;

  /**
   * @param ask the store for its time.
   * @param onSkew called when the process's clock is found to differ: by how many milliseconds it is ahead.
   */
  constructor(
    private readonly ask: () => Promise<number>,
    private readonly clock: Clock,
    private readonly onSkew: (ahead: number) => void,
  ) {}

  /** Milliseconds since the epoch. */
  now(): number {
    const { clock, measured } = this;
    return measured ? Math.round(measured.at + clock.monotonic() - measured.since) : clock.now();
  }

  /** By how many milliseconds the process's clock was ahead when it was last measured; 0 where the two hardly differ. */
  get ahead(): number {
    return Math.round(this.measured?.ahead ?? 0);
  }

  /** As `now`, measured anew if the process's clock has jumped since it last was. Never rejects. */
  async sure(): Promise<number> {
    const { clock, measured } = this;
    const hasJumped = !measured || Math.abs(clock.now() - this.now() - measured.ahead) > JUMP;
    if (hasJumped) await this.measure().catch(() => undefined);
    return this.now();
  }

  /** Rejects when the store fails. */
  async measure(): Promise<void> {
    const { clock } = this;
    let best: Answer | undefined;
    // A process that was stopped meanwhile, or a store that hung: the store may have told its time at the one end or the other.
    for (let tries = 0; tries < MOST_TRIES && !(best && best.halfWay <= UNSURE); tries++) {
      const [startedAt, since] = [clock.now(), clock.monotonic()];
      const told = await this.ask();
      const halfWay = (clock.monotonic() - since) / 2;
      if (!best || halfWay < best.halfWay) best = { startedAt, since, told, halfWay };
    }
    this.note(best!);
  }

  private note({ startedAt, since, told, halfWay }: Answer): void {
    const ahead = startedAt + halfWay - told;
    const differs = Math.abs(ahead) >= SAME && Math.abs(ahead) > halfWay;
    const before = this.measured?.ahead ?? 0;
    this.measured = differs ? { at: told, since: since + halfWay, ahead } : { at: startedAt, since, ahead: 0 };
    if (differs && Math.abs(ahead) > JUMP && Math.abs(ahead - before) > JUMP) this.onSkew(ahead);
  }
}

/** For people, when a process's clock is found to differ. */
export function skewText(ahead: number): string {
  const seconds = Math.round(Math.abs(ahead) / 1_000);
  const where = ahead > 0 ? 'ahead of' : 'behind';
  return `The clock of this process is ${seconds} s ${where} that of the job store. Schedules go by the store's; delays, retries and, on PostgreSQL, locks do not: jobs may start late, or run twice. Set the clock by NTP`;
}
