import type { JobLogLevel } from '../definition/job-log-line.js';
import type { FinalStatus } from '../definition/job-status.js';

/** Kept of one execution; the oldest go. */
export const LINES_PER_EXECUTION = 1_000;
/** How far back the entries of a whole job can be read. */
export const TAIL_PER_JOB = 1_000;
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

/**
 * Log lines, and ends of the executions that wrote them. Bounded: the newest `LINES_PER_EXECUTION` of each execution, and
 * of each job as a whole a tail of `TAIL_PER_JOB`. Entries go with their execution's record.
 */
export interface LogStore {
  /** Stores entries in order, in one round trip, whichever jobs they are of. Answers where each of them stands now. */
  append(writes: readonly LogWrite[]): Promise<StoredLog[]>;
  /** Entries of an execution with a greater `seq`, oldest first. @param limit at most `MOST_LOGS_READ`. */
  ofExecution(id: string, after: number, limit: number): Promise<StoredLog[]>;
  /** Entries of a job's tail with a greater `seq`, oldest first. @param scheduleId only those of this schedule. */
  ofJob(job: string, after: number, limit: number, scheduleId?: string): Promise<StoredLog[]>;
  /** The greatest `seq` that a job has had; 0 when it never had one. Stays when the entries go. */
  latest(job: string): Promise<number>;
  /** Drops the entries of these executions. */
  drop(ids: readonly string[]): Promise<void>;
  /** Drops a job's tail: all entries of the executions that stand in it. */
  clear(job: string): Promise<void>;
}
