import type { JobEventOf, JobEventType } from '../definition/job-event.js';
import type { JobRef } from '../definition/job-ref.js';
import { LISTENERS } from './metadata-keys.js';
import { addMetadata, type ListenerMetadata } from './metadata.js';

export interface JobEventOptions {
  /** Only of this job. Default: of all jobs. */
  job?: JobRef;
}

/**
 * The method is called with events of the runs of this process: for metrics, alerts and the like. It may stand on any
 * provider or controller, request-scoped ones included: such a one is made anew for each event, and injects it as `REQUEST`.
 *
 * Events of one execution come in order, each after the call for the one before it has settled. No job waits for a listener;
 * what one throws is logged and changes nothing. For what happens in all processes see `JobService.events()`.
 *
 * Guards, interceptors, pipes and filters do not apply to it.
 *
 * @param types one or more of the types of `JobEvent`.
 *
 * @example
 * ```ts
 * @OnJobEvent('failed')
 * async alert({ job, id, error }: JobEventOf<'failed'>) {}
 *
 * @OnJobEvent(['completed', 'failed'], { job: NightlyReport })
 * measure(event: JobEventOf<'completed' | 'failed'>) {}
 * ```
 */
export function OnJobEvent<const T extends JobEventType>(
  types: T | readonly T[],
  options: JobEventOptions = {},
): <F extends (event: JobEventOf<T>) => unknown>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<F>,
) => void {
  return (target, method) => {
    const entry: ListenerMetadata = { method, types: Array.isArray(types) ? types : [types], options };
    addMetadata(LISTENERS, entry, target);
  };
}
