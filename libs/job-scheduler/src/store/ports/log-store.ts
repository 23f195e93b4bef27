import type { JobLogLevel } from '../../definition/job-log-line.js';
import type { FinalStatus } from '../../definition/job-status.js';

/** Kept of one execution; the oldest go. */
export const LINES_PER_EXECUTION = 1_000;
/** How far back the entries of a whole job can be read. */
export const TAIL_PER_JOB = 1_000;
/** How much longer than their execution's record lines are kept, in milliseconds, should nothing ever prune that. */
export const KEPT_LONGER = 86_400_000;
/** What ends later than this after a record's own end is not of that run, but of one that uses its id again. */
export const SAME_RUN = KEPT_LONGER + 3_600_000;
/** How long the answer to a writer's last batch is kept, in milliseconds. */
export const ANSWER_KEPT = 600_000;
/** The most entries that one read gives. */
export const MOST_LOGS_READ = 1_000;

interface LogSource {
  readonly executionId: string;
  readonly job: string;
  readonly scheduleId?: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** A line as it is to be stored. */
export interface LogLineEntry extends LogSource {
  readonly kind: 'line';
  readonly attempt: number;
  readonly step?: string;
  readonly level: JobLogLevel;
  readonly message: string;
  /** Plain JSON. */
  readonly data?: unknown;
}

/** That an execution has ended. It stands among the lines, so that who reads on from a place hears of it, too. */
export interface LogEndEntry extends LogSource {
  readonly kind: 'end';
  readonly status: FinalStatus;
}

export type LogEntry = LogLineEntry | LogEndEntry;

/**
 * An entry that is stored. `seq` is its place among all of its job: an entry is there when a later one is.
 * `number` counts the lines of its execution, from 1; an end has that of the last line.
 */
export type StoredLog = LogEntry & { readonly seq: number; readonly number: number };

/** An entry, and for how many milliseconds it is kept at least, should its execution's record never be pruned. */
export interface LogWrite {
  readonly entry: LogEntry;
  readonly keep: number;
}

/** Entries that one writer stores together. */
export interface LogBatch {
  /** A process's own, and no other's. It stores one batch after the other. */
  readonly writer: string;
  /** Counts its batches. A batch that is sent again, since its answer was lost, has the same number and is stored once. */
  readonly number: number;
  readonly writes: readonly LogWrite[];
}

/**
 * Log lines, and ends of the executions that wrote them. Bounded: the newest `LINES_PER_EXECUTION` of each execution, and
 * of each job as a whole a tail of `TAIL_PER_JOB`. Entries go with their execution's record.
 */
export interface LogStore {
  /** Stores entries in order, in one round trip, whichever jobs they are of. Answers where each of them stands now. */
  append(batch: LogBatch): Promise<StoredLog[]>;
  /** Entries of an execution with a greater `seq`, oldest first. @param limit at most `MOST_LOGS_READ`. */
  ofExecution(id: string, after: number, limit: number): Promise<StoredLog[]>;
  /** Entries of a job's tail with a greater `seq`, oldest first. @param scheduleId only those of this schedule. */
  ofJob(job: string, after: number, limit: number, scheduleId?: string): Promise<StoredLog[]>;
  /** The greatest `seq` that a job has had; 0 when it never had one. Stays when the entries go. */
  latest(job: string): Promise<number>;
  /** Drops the entries of these executions. */
  drop(ids: readonly string[]): Promise<void>;
}
