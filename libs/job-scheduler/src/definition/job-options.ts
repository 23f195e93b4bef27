import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Duration } from '../common/duration.js';
import type { JobRef } from './job-ref.js';
import type { Schedule } from '../cron/schedule-options.js';

export type Misfire = 'once' | 'all' | 'skip';
export type Overlap = 'allow' | 'skip' | 'wait' | 'replace';

export interface RetryOptions {
  /** Retries after the first attempt. Default 3. */
  max?: number;
  /**
   * `exponential` (default): `delay`, twice that, four times, … `fixed`: always `delay`.
   * A function gives the milliseconds before retry `retry` (1 for the first); if it throws, the exponential delay stands.
   */
  backoff?: 'exponential' | 'fixed' | ((retry: number, error: Error) => number);
  /** Before the first retry. Default `'1s'`. */
  delay?: Duration;
  /** The longest delay, a function's included; jitter may add to it. Default `'1h'`, or `delay` if that is longer. */
  maxDelay?: Duration;
  /** 0 to 1: a delay d is spread evenly over d × (1 ± jitter). Default 0. */
  jitter?: number;
}

export interface Retention {
  /** Ended executions kept per job. Default 100. */
  count?: number;
  /** How long an ended execution is kept. Default `'7d'`. */
  age?: Duration;
  /** How long a job that failed for good can be retried. Default `'30d'`. */
  failed?: Duration;
}

/** What `@Job`, `register` and the module's `jobs` take. Defaults: `JobSchedulerOptions.defaults`, then the ones named here. */
export interface JobOptions {
  /** Unique in the app. Default: the class's name, or `Class.method`. */
  name?: string;
  description?: string;
  /** When it runs by itself: a cron expression, a macro, `'every 15m'`, or several of them. */
  schedule?: string | Schedule | (string | Schedule)[];
  /** IANA name for its schedules. Default `'UTC'`. `'local'` is the process's zone. */
  timezone?: string;
  /** Also runs once when this definition is first deployed: once over the fleet, not at each boot. */
  runOnStart?: boolean;
  /** `false`: its schedules do not fire. It can still be enqueued and triggered. Default `true`. */
  enabled?: boolean;
  /** Default `'default'`. */
  queue?: string;
  /** Higher is more urgent inside its queue. -1,000,000 to 1,000,000; default 0. */
  priority?: number;
  /** The most that run at once over the fleet. The others wait, in order, without a slot or an attempt. Default: no limit. */
  concurrency?: number;
  /** Retries after the first attempt, or how to retry. Default 3. */
  retry?: number | RetryOptions;
  /** Per attempt. Default `'5m'`. */
  timeout?: Duration;
  /**
   * What a run does while another of the same job is going on anywhere. `'allow'` (default): runs beside it. `'skip'`: ends
   * as skipped. `'wait'`: runs after it, in order. `'replace'`: cancels it. `key` narrows "the same job" to those with the
   * same key; it gets the payload as it was enqueued.
   */
  overlap?: Overlap | { policy: Overlap; key: (payload: never) => string };
  /** What happens to fires that came while no process was there to take them. Default `'skip'`. */
  misfire?: Misfire;
  /** How late a fire may be taken before it counts as missed. Default `'60s'`. */
  misfireThreshold?: Duration;
  /** The most missed fires that `misfire: 'all'` runs. Default 100. */
  maxCatchUp?: number;
  /**
   * No second execution while one waits or runs; with `key`, none with the same key. `for`: during this time instead, from
   * the enqueue on. Such an enqueue adds nothing, and gives the handle of the first with `duplicate: true`.
   */
  unique?: boolean | { key?: (payload: never) => string; for?: Duration };
  retention?: Retention;
  /** On shutdown: `'wait'` (default) gives a running job `shutdownTimeout`; `'abort'` aborts it at once. */
  onShutdown?: 'wait' | 'abort';
  /** Any Standard Schema (zod, valibot, arktype). Its input is stored; the handler gets its output. */
  schema?: StandardSchemaV1;
  /** A job to enqueue with a `JobFailure` once retries are used up. */
  onFail?: JobRef;
}

export interface StepOptions {
  /** Unique in the job. Default: the method's name. */
  name?: string;
  /** Steps run by ascending `order`, then by their place in the class. Default 0. */
  order?: number;
  /** Within the job's own. Default: none of its own. */
  timeout?: Duration;
  /** Repeats the step inside the attempt. Default 0. */
  retry?: number | RetryOptions;
}

export const OVERLAPS: readonly Overlap[] = ['allow', 'skip', 'wait', 'replace'];
export const MISFIRES: readonly Misfire[] = ['once', 'all', 'skip'];
/** The most that `maxCatchUp` can be. */
export const MOST_CATCH_UP = 1_000_000;
