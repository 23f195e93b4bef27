import { percentile } from '../../store/codecs/duration-sketch.js';
import type { StoredStats } from '../../store/ports/history-store.js';
import type { ExecutionError } from './job-execution.js';

/**
 * What a job's executions came to since its first one. Counted as they end: neither retention nor `clear` takes anything
 * away. A failed one that is retried and ends again counts again.
 */
export interface JobStats {
  readonly job: string;
  /** Executions that have ended. */
  readonly total: number;
  readonly completed: number;
  /** For good. */
  readonly failed: number;
  readonly skipped: number;
  readonly cancelled: number;
  /** When the last one ended that had run: completed, failed or cancelled. */
  readonly lastRun?: Date;
  readonly lastSuccess?: Date;
  readonly lastFailure?: Date;
  /** Of the last failure. */
  readonly lastError?: ExecutionError;
  /**
   * How long the last attempts of completed and failed ones took, in milliseconds; 0 when there were none. Both
   * percentiles are within 5 % of the exact value, and exact up to ten milliseconds.
   */
  readonly averageMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

export function toJobStats({ job, ended, last, lastError, durations }: StoredStats): JobStats {
  const { completed, failed, skipped, cancelled } = ended;
  const { runs, sum, min, max, buckets } = durations;
  const ends = [last.completed, last.failed, last.cancelled].filter((at) => at !== undefined);
  const within = (value: number) => Math.min(max, Math.max(min, value));
  return {
    job,
    total: completed + failed + skipped + cancelled,
    completed,
    failed,
    skipped,
    cancelled,
    ...(ends.length > 0 && { lastRun: new Date(Math.max(...ends)) }),
    ...(last.completed !== undefined && { lastSuccess: new Date(last.completed) }),
    ...(last.failed !== undefined && { lastFailure: new Date(last.failed) }),
    ...(lastError && {
      lastError: {
        name: lastError.name,
        message: lastError.message,
        ...(lastError.code !== undefined && { code: lastError.code }),
      },
    }),
    averageMs: runs === 0 ? 0 : sum / runs,
    minMs: min,
    maxMs: max,
    p50Ms: within(percentile(buckets, 0.5)),
    p95Ms: within(percentile(buckets, 0.95)),
  };
}
