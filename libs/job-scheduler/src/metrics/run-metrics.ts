import { Counter, Histogram, type Registry } from 'prom-client';
import type { JobEvent } from '../definition/job-event.js';

/** Seconds: from jobs that do next to nothing to the default timeout, and beyond. */
const RUN_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900];
const WAIT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600];

/** Reasons of skips that are words of ours; any other is the text of an error, of which there is no end. */
const REASONS: ReadonlySet<string> = new Set(['overlap', 'misfire', 'disabled', 'unique']);

const COUNTERS = {
  processed: ['jobs_processed_total', 'Attempts of this process that have ended, however they did', []],
  completed: ['jobs_completed_total', 'Executions that this process has completed', []],
  failed: ['jobs_failed_total', 'Executions that have failed for good in this process', []],
  retrying: ['jobs_retried_total', 'Attempts of this process that have failed, with another one to follow', []],
  skipped: ['jobs_skipped_total', 'Executions that did not run, as this process has found', ['reason']],
  cancelled: ['jobs_cancelled_total', 'Executions cancelled while this process ran them or held them waiting', []],
  stalled: ['jobs_stalled_total', 'Executions that lost their worker, as this process has found', []],
  'schedule-repaired': ['schedules_repaired_total', 'Schedules that this process has found broken, and repaired', []],
} as const satisfies Record<string, readonly [name: string, help: string, labels: readonly string[]]>;

type Counted = keyof typeof COUNTERS;

/** How often and how long the jobs of this process run. */
export class RunMetrics {
  readonly names: readonly string[];
  private readonly counters = new Map<string, Counter>();
  private readonly duration: Histogram;
  private readonly wait: Histogram;

  /** @param isKnown whether a job of this name is registered here: names that only the store knows are without number. */
  constructor(
    registry: Registry,
    prefix: string,
    private readonly isKnown: (job: string) => boolean,
  ) {
    const registers = [registry];
    for (const [type, [name, help, labels]] of Object.entries(COUNTERS)) {
      const labelNames = ['job_name', 'queue', ...labels];
      this.counters.set(type, new Counter({ name: `${prefix}${name}`, help, labelNames, registers }));
    }
    this.duration = new Histogram({
      name: `${prefix}run_duration_seconds`,
      help: 'How long attempts ran, by how they ended: completed, failed, retried or cancelled',
      labelNames: ['job_name', 'queue', 'outcome'],
      buckets: RUN_BUCKETS,
      registers,
    });
    this.wait = new Histogram({
      name: `${prefix}wait_duration_seconds`,
      help: 'How long executions were due before their first attempt started',
      labelNames: ['job_name', 'queue'],
      buckets: WAIT_BUCKETS,
      registers,
    });
    this.names = [
      ...Object.values(COUNTERS).map(([name]) => `${prefix}${name}`),
      `${prefix}run_duration_seconds`,
      `${prefix}wait_duration_seconds`,
    ];
  }

  count(event: JobEvent): void {
    const labels = { job_name: this.isKnown(event.job) ? event.job : 'unknown', queue: event.queue };
    switch (event.type) {
      case 'started':
        if (event.waitMs !== undefined) this.wait.observe(labels, event.waitMs / 1_000);
        return;
      case 'completed':
      case 'failed':
      case 'retrying':
        this.add(event.type, labels);
        return this.ended(labels, event.type === 'retrying' ? 'retried' : event.type, event.durationMs);
      case 'cancelled':
        this.add('cancelled', labels);
        if (event.durationMs !== undefined) this.ended(labels, 'cancelled', event.durationMs);
        return;
      case 'skipped':
        return this.add('skipped', { ...labels, reason: REASONS.has(event.reason) ? event.reason : 'other' });
      case 'stalled':
      case 'schedule-repaired':
        return this.add(event.type, labels);
      default:
    }
  }

  private ended(labels: Record<string, string>, outcome: string, durationMs: number): void {
    this.add('processed', labels);
    this.duration.observe({ ...labels, outcome }, durationMs / 1_000);
  }

  private add(type: Counted, labels: Record<string, string>): void {
    this.counters.get(type)!.inc(labels);
  }
}
