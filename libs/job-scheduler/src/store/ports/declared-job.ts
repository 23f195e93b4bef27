import type { Misfire } from '../../definition/job-options.js';

/**
 * What other processes know of a job that only some of them have the code of: enough to put a fire of it into its queue,
 * with its own options. Durations are milliseconds.
 */
export interface DeclaredJob {
  readonly name: string;
  readonly queue: string;
  readonly priority: number;
  /** Whether any job of its queue has a priority. */
  readonly prioritized: boolean;
  readonly maxAttempts: number;
  readonly retention: { readonly count: number; readonly age: number; readonly failed: number };
  readonly misfire: Misfire;
  readonly misfireThreshold: number;
  readonly maxCatchUp: number;
  /** With a key it takes the job's code to tell two runs apart. */
  readonly unique?: { readonly hasKey: boolean; readonly for?: number };
  /** The job that is enqueued when it has failed for good. */
  readonly onFail?: string;
}

const NUMBERS = ['priority', 'maxAttempts', 'misfireThreshold', 'maxCatchUp'] as const;
const TEXTS = ['name', 'queue', 'misfire'] as const;

/** Undefined when a later version of the library has written it in another way. */
export function readDeclaredJob(value: unknown): DeclaredJob | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const job = value as Partial<Record<keyof DeclaredJob, unknown>>;
  const retention = job.retention as Partial<Record<string, unknown>> | null | undefined;
  const isWhole =
    TEXTS.every((name) => typeof job[name] === 'string') &&
    NUMBERS.every((name) => Number.isFinite(job[name])) &&
    ['count', 'age', 'failed'].every((name) => Number.isFinite(retention?.[name]));
  return isWhole ? (value as DeclaredJob) : undefined;
}
