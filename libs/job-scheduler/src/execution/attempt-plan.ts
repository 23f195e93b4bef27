import type { JobDefinition, RetentionPolicy } from '../definition/job-definition.js';
import type { RetryPolicy } from '../definition/retry-policy.js';
import type { ExecutionOverrides, StartedJob } from '../store/started-job.js';

/** Of a job that keeps no records: of so many executions that ask for it, at least, they are kept beside each other. */
const LEAST_KEPT = 100;

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
  const retry = retryOf(definition.retry, overrides.retry);
  return {
    maxAttempts: started.maxAttempts || retry.max + 1,
    retry,
    timeout: overrides.timeout ?? definition.timeout,
    retention: retentionOf(definition.retention, overrides.retention),
  };
}

/** As where a job declares it: a delay over the longest one raises that. */
function retryOf(ofJob: RetryPolicy, own: ExecutionOverrides['retry']): RetryPolicy {
  if (!own) return ofJob;
  const retry = { ...ofJob, ...own };
  return own.maxDelay === undefined ? { ...retry, maxDelay: Math.max(retry.maxDelay, own.delay ?? 0) } : retry;
}

/**
 * What is kept of one execution. Its own count never prunes more of the others than the job's does. Where that keeps none, those
 * that are to be kept bound each other.
 */
export function retentionOf(ofJob: RetentionPolicy, own: ExecutionOverrides['retention']): RetentionPolicy {
  if (!own) return ofJob;
  const { count = ofJob.count } = own;
  return { ...ofJob, ...own, count: count === 0 ? 0 : Math.max(count, ofJob.count || LEAST_KEPT) };
}

/** Of a job whose code is elsewhere: how many of its executions stay is not known here, and so none goes. */
export function retentionElsewhere(defaults: RetentionPolicy): RetentionPolicy {
  return defaults.count > 0 ? { ...defaults, count: Number.MAX_SAFE_INTEGER } : defaults;
}
