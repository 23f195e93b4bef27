import type { JobDefinition } from '../../definition/job-definition.js';
import { jobKey } from '../../definition/job-key.js';
import type { Overlap } from '../../definition/job-options.js';
import { runLockKey } from '../../store/names.js';
import type { QueuedExecution } from '../../store/codecs/queued-execution.js';

/** Which leases an execution needs to run. */
export interface RunLimits {
  /** No other run with this key. */
  readonly overlap: { readonly key: string; readonly policy: Exclude<Overlap, 'allow'> } | undefined;
  /** At most so many runs with this key. */
  readonly cap: { readonly key: string; readonly slots: number } | undefined;
}

/** Whether an execution needs any lease. Most do not: they pay nothing for it. */
export function isLimited(definition: JobDefinition, { overrides }: QueuedExecution): boolean {
  return (overrides.overlap ?? definition.overlap.policy) !== 'allow' || definition.concurrency !== undefined;
}

/**
 * The leases of an execution. The lock is by job; a schedule made at run time that sets its own policy locks by its id;
 * a key of the payload, as it was stored, narrows either.
 * @throws JobKeyError
 */
export function limitsOf(definition: JobDefinition, started: QueuedExecution): RunLimits {
  const { name, overlap, concurrency } = definition;
  const policy = started.overrides.overlap ?? overlap.policy;
  return {
    overlap: policy === 'allow' ? undefined : { key: overlapKey(definition, started), policy },
    cap: concurrency === undefined ? undefined : { key: runLockKey('concurrency', name), slots: concurrency },
  };
}

function overlapKey({ name, overlap }: JobDefinition, { payload, overrides, scheduleId }: QueuedExecution): string {
  const bySchedule = overrides.overlap !== undefined && scheduleId !== undefined;
  const scope = bySchedule ? ['schedule', scheduleId] : ['job', name];
  const key = jobKey(name, 'overlap', overlap.key, payload);
  return runLockKey(...scope, ...(key === undefined ? [] : [key]));
}
