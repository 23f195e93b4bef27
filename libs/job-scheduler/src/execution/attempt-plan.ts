import type { JobDefinition, RetentionPolicy } from '../definition/job-definition.js';
import type { RetryPolicy } from '../definition/retry-policy.js';
import type { StartedJob } from '../store/started-job.js';

/** How one attempt is to be run: the definition, with what the enqueue changed for this execution. */
export interface AttemptPlan {
  readonly maxAttempts: number;
  readonly retry: RetryPolicy;
  /** Milliseconds. */
  readonly timeout: number;
  readonly retention: RetentionPolicy;
}

export function planAttempt(definition: JobDefinition, started: StartedJob): AttemptPlan {
  const { overrides } = started;
  const retry = overrides.retry ? { ...definition.retry, ...overrides.retry } : definition.retry;
  return {
    maxAttempts: started.maxAttempts || retry.max + 1,
    retry,
    timeout: overrides.timeout ?? definition.timeout,
    retention: overrides.retention ? { ...definition.retention, ...overrides.retention } : definition.retention,
  };
}
