/** When a schedule fires, normalised. `toPattern` gives the text to store. */
export interface ScheduleSpec {
  /** As written, for people: `every 15m`, `0 2 * * *`, `@daily`. */
  readonly expression: string;
  /** `cron` follows the wall clock of `timezone`; `interval` is real time from an anchor. */
  readonly kind: 'cron' | 'interval';
  /** The cron expression (macros and whole-hour intervals resolved); empty for an interval. */
  readonly cron: string;
  /** Milliseconds between fires of an interval; 0 for cron. */
  readonly every: number;
  /** IANA name. */
  readonly timezone: string;
  /** Milliseconds since the epoch. */
  readonly start: number | undefined;
  readonly end: number | undefined;
}
