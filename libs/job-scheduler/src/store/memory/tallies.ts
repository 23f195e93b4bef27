import type { FinalStatus } from '../../definition/job-status.js';
import { finishStats } from '../codecs/finish-stats.js';
import type { ErrorRecord, ExecutionWrite } from '../ports/execution-record.js';
import { perFinal, type StoredStats } from '../ports/history-store.js';

type PerFinal = Record<FinalStatus, number>;

interface Tally {
  readonly ended: PerFinal;
  readonly last: Partial<PerFinal>;
  error: ErrorRecord | undefined;
  runs: number;
  sum: number;
  min: number;
  max: number;
  readonly buckets: Map<number, number>;
}

const empty = (): Tally => ({
  ended: perFinal(() => 0),
  last: {},
  error: undefined,
  runs: 0,
  sum: 0,
  min: 0,
  max: 0,
  buckets: new Map(),
});

/** What the executions of each job came to. */
export class Tallies {
  private readonly jobs = new Map<string, Tally>();

  get names(): string[] {
    return [...this.jobs.keys()];
  }

  add(entry: ExecutionWrite, final: FinalStatus): void {
    let counts = this.jobs.get(entry.job);
    if (!counts) this.jobs.set(entry.job, (counts = empty()));
    const { at, duration, bucket, error } = finishStats(entry);
    counts.ended[final]++;
    if (entry.attempt && at >= (counts.last[final] ?? 0)) {
      counts.last[final] = at;
      if (final === 'failed') counts.error = error;
    }
    if (duration === undefined || bucket === undefined) return;
    counts.min = counts.runs === 0 ? duration : Math.min(counts.min, duration);
    counts.max = Math.max(counts.max, duration);
    counts.runs++;
    counts.sum += duration;
    counts.buckets.set(bucket, (counts.buckets.get(bucket) ?? 0) + 1);
  }

  of(job: string): StoredStats {
    const { ended, last, error, runs, sum, min, max, buckets } = this.jobs.get(job) ?? empty();
    return {
      job,
      ended: { ...ended },
      last: { ...last },
      ...(error && { lastError: { ...error } }),
      durations: { runs, sum, min, max, buckets: new Map(buckets) },
    };
  }
}
