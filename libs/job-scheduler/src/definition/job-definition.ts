import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Misfire, Overlap } from './job-options.js';
import type { JobRef } from './job-ref.js';
import type { RetryPolicy } from './retry-policy.js';
import type { ScheduleSpec } from '../cron/schedule-spec.js';

/** A step, with all defaults filled in. */
export interface StepDefinition {
  readonly name: string;
  readonly method: string;
  /** Milliseconds; undefined: only the job's own timeout. */
  readonly timeout: number | undefined;
  readonly retry: RetryPolicy;
}

export interface RetentionPolicy {
  readonly count: number;
  /** Milliseconds. */
  readonly age: number;
  /** Milliseconds. */
  readonly failed: number;
}

/** A schedule that code declares. */
export interface CodeSchedule {
  /** `code:<job>`, or `code:<job>#<n>` from the second on. */
  readonly id: string;
  readonly spec: ScheduleSpec;
  readonly payload: unknown;
}

/** What a job is: frozen, with all defaults filled in. Durations are milliseconds. */
export interface JobDefinition {
  readonly name: string;
  /** Where it is declared, for messages: `NightlyReport`, `Mailer.sendWelcome` or `register`. */
  readonly source: string;
  readonly description: string | undefined;
  readonly schedules: readonly CodeSchedule[];
  readonly runOnStart: boolean;
  readonly enabled: boolean;
  readonly queue: string;
  readonly priority: number;
  readonly concurrency: number | undefined;
  readonly retry: RetryPolicy;
  readonly timeout: number;
  readonly overlap: { readonly policy: Overlap; readonly key: ((payload: never) => string) | undefined };
  readonly misfire: Misfire;
  readonly misfireThreshold: number;
  readonly maxCatchUp: number;
  readonly unique:
    { readonly key: ((payload: never) => string) | undefined; readonly for: number | undefined } | undefined;
  readonly retention: RetentionPolicy;
  readonly onShutdown: 'wait' | 'abort';
  readonly schema: StandardSchemaV1 | undefined;
  readonly onFail: JobRef | undefined;
  /** Empty for a job with a single handler. In the order in which they run. */
  readonly steps: readonly StepDefinition[];
}
