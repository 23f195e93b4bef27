import type { Duration } from '../common/duration.js';

export interface Schedule {
  /** A cron expression of 5 fields, of 6 with seconds first, or a macro such as `@daily`. */
  cron?: string;
  /** An interval of at least 1 s. An hour and a day follow the wall clock: `1h` is `0 * * * *`, `24h` and `1d` are `0 0 * * *`. Others are real time. */
  every?: Duration;
  /** IANA name, or `'local'`. Default: the job's. */
  timezone?: string;
  /** The payload of each run. Checked against the job's schema at boot. */
  payload?: unknown;
  /** No fire before. */
  start?: Date;
  /** No fire after. */
  end?: Date;
}
