import type { FinalStatus } from '../../definition/job-status.js';
import type { ErrorRecord, StoredExecution } from './execution-record.js';

/** Which ended executions to list. */
export interface EndedFilter {
  /** Default: of all jobs. */
  readonly job?: string | undefined;
  readonly scheduleId?: string | undefined;
  readonly final?: FinalStatus | undefined;
  /** At least 1. */
  readonly limit: number;
  /** Only those that ended before a time, in milliseconds since the epoch; or those after a page, by its `next`. */
  readonly before?: number | string | undefined;
}

/**
 * As many bytes of records, as they are stored, end a page: it is read, parsed and sent at one go, and the process does
 * nothing else meanwhile. The one that passes it is the page's last.
 */
export const PAGE_BYTES = 4 * 1024 * 1024;

/**
 * Ended executions, newest first. There may be fewer than asked for although there are more: what cannot be read is left out
 * with a warning, and large records end a page early.
 */
export interface EndedPage {
  readonly items: readonly StoredExecution[];
  /** Absent: there is no more. */
  readonly next?: string;
}

/** What a job's executions came to. Times are milliseconds since the epoch. */
export interface StoredStats {
  readonly job: string;
  /** Since the store was made. */
  readonly ended: Readonly<Record<FinalStatus, number>>;
  /** When the last one of each kind ended; skipped and cancelled ones only if an attempt had been made. */
  readonly last: Readonly<Partial<Record<FinalStatus, number>>>;
  /** Of the last failure. */
  readonly lastError?: ErrorRecord;
  /** Of the last attempts of completed and failed ones, in milliseconds. */
  readonly durations: {
    readonly runs: number;
    readonly sum: number;
    readonly min: number;
    readonly max: number;
    /** See `duration-sketch.ts`. */
    readonly buckets: ReadonlyMap<number, number>;
  };
}

/** In the order in which stores answer. */
export const FINALS = ['completed', 'failed', 'skipped', 'cancelled'] as const satisfies readonly FinalStatus[];

/** A figure for each way to end. */
export function perFinal(of: (final: FinalStatus, index: number) => number): Record<FinalStatus, number> {
  const [completed, failed, skipped, cancelled] = FINALS.map(of) as [number, number, number, number];
  return { completed, failed, skipped, cancelled };
}

/** Of a job that has never ended an execution. */
export function noStats(job: string): StoredStats {
  return {
    job,
    ended: perFinal(() => 0),
    last: {},
    durations: { runs: 0, sum: 0, min: 0, max: 0, buckets: new Map() },
  };
}

/** Whose executions. */
export type HistoryScope = { readonly job: string } | { readonly scheduleId: string };

/**
 * Ended executions as a whole: lists, figures and the end of what is kept too long. Every read is one round trip, however
 * much is stored; so is a clearing, but for one more with every 2,000 records.
 */
export interface HistoryStore {
  /** @throws HistoryQueryError for a `before` that no page has given. */
  list(filter: EndedFilter): Promise<EndedPage>;
  /** By id; those that are not stored, or cannot be read, are absent. */
  loadMany(ids: readonly string[]): Promise<Map<string, StoredExecution>>;
  /** @param jobs default: all that have ever ended an execution. One that has not gets zeros. */
  stats(jobs?: readonly string[]): Promise<StoredStats[]>;
  /** How many records of a job's ended executions are kept. */
  kept(job: string): Promise<Record<FinalStatus, number>>;
  /** Deletes the records of ended executions, and their log lines. Figures stay. */
  clear(scope: HistoryScope): Promise<void>;
  /** Deletes what is left of executions whose age is over. Without it, that goes when others of the job end. */
  sweep(): Promise<void>;
}
