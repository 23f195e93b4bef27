import { Injectable } from '@nestjs/common';
import type { JobContext } from 'nestjs-job-scheduler';

/** One attempt of one job, in this process. Times are milliseconds since the epoch. */
export interface Run {
  readonly id: string;
  readonly job: string;
  readonly queue: string;
  readonly attempt: number;
  readonly startedAt: number;
  /** How much later than planned it started: scheduled runs only. */
  readonly lateBy: number | undefined;
  durationMs: number | undefined;
  error: string | undefined;
}

const KEPT = 20_000;

/** What ran in this process, in the order of the starts. The newest only: a server runs for months. */
@Injectable()
export class ActivityLog {
  private runs: Run[] = [];

  start({ id, job, queue, attempt, scheduledFor }: JobContext): Run {
    const startedAt = Date.now();
    const lateBy = scheduledFor && startedAt - scheduledFor.getTime();
    const run: Run = { id, job, queue, attempt, startedAt, lateBy, durationMs: undefined, error: undefined };
    if (this.runs.length >= 2 * KEPT) this.runs = this.runs.slice(-KEPT);
    this.runs.push(run);
    return run;
  }

  all(): readonly Run[] {
    return this.runs;
  }
}
