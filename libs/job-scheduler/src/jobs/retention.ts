import type { RetentionPolicy } from '../definition/job-definition.js';
import type { ExecutionOverrides } from '../store/codecs/queued-execution.js';

/** Of a job that keeps no records: of so many executions that ask for it, at least, they are kept beside each other. */
const LEAST_KEPT = 100;

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
