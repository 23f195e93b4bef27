/** How much a line matters. `verbose` of Nest's Logger is `debug` here, `fatal` is `error`. */
export type JobLogLevel = 'log' | 'warn' | 'error' | 'debug';

/** One line that an execution wrote: by `ctx.log()`, or by Nest's `Logger` through a `JobLogger`. */
export interface JobLogLine {
  /**
   * Its place among all lines and ends of its job: grows, with gaps, and never starts again. Read on with `after: seq`.
   */
  readonly seq: number;
  /**
   * Its place among the lines of its execution, from 1. The newest 1,000 lines of an execution are kept: when the first
   * one that is read is not 1, so many less one have gone.
   */
  readonly number: number;
  /** When it was written, by the clock of the process that ran the job. */
  readonly at: Date;
  readonly executionId: string;
  readonly job: string;
  readonly scheduleId?: string;
  readonly attempt: number;
  /** The step that wrote it; absent outside of steps. */
  readonly step?: string;
  readonly level: JobLogLevel;
  /** At most 16,384 characters: what is beyond is cut. */
  readonly message: string;
  /** Plain JSON. */
  readonly data?: unknown;
}
