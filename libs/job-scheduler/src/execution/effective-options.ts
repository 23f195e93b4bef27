import type { JobDefinition, RetentionPolicy } from '../definition/job-definition.js';
import type { RetryPolicy } from '../definition/retry-policy.js';
import type { ExecutionOverrides, QueuedExecution } from '../store/codecs/queued-execution.js';
import { retentionOf } from '../jobs/retention.js';

/** How one attempt runs: the definition, with what the enqueue changed for this execution. */
export interface EffectiveOptions {
  readonly maxAttempts: number;
  readonly retry: RetryPolicy;
  /** Milliseconds. */
  readonly timeout: number;
  readonly retention: RetentionPolicy;
}

export function effectiveOptions(definition: JobDefinition, started: QueuedExecution): EffectiveOptions {
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
