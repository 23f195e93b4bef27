import type { ScheduledJob } from 'nestjs-job-scheduler';
import type { Run } from '../activity/activity-log.js';
import type { Backup } from '../backup/backup.job.js';
import type { Digest } from '../digest/digest.job.js';
import type { FrontPageEntry } from '../publishing/front-page.js';
import type { BusyShares } from './busy-shares.js';

/** What a run of the demo came to. */
export interface Outcome {
  readonly startedAt: Date;
  readonly seconds: number;
  /** From the start of the process to the start of the first job, in milliseconds. */
  readonly firstStartMs: number;
  readonly dataDirectory: string;
  /** Articles that were to be ingested. */
  readonly expected: number;
  /** How many documents there are of each kind that every article has. */
  readonly indexed: Readonly<Record<string, number>>;
  readonly runs: readonly Run[];
  readonly shares: BusyShares;
  /** Jobs that failed for good. */
  readonly failed: number;
  readonly publication: { readonly at: Date; readonly until: Date; readonly entry: FrontPageEntry | undefined };
  readonly digest: Digest;
  /** The one whose verification failed once, and a later one. */
  readonly backups: readonly [resumed: Backup, last: Backup];
  readonly schedules: readonly ScheduledJob[];
}
