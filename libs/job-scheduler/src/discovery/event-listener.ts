import type { JobEvent, JobEventType } from '../definition/job-event.js';

/** An `@OnJobEvent()` method as something that can be called. */
export interface ListenerMethod {
  /** Where it stands, for messages: `Alerts.onFailed`. */
  readonly at: string;
  readonly types: ReadonlySet<JobEventType>;
  /** Only events of this job. Undefined: of all. */
  readonly job: string | undefined;
  /** Calls it, on an instance of its own where the provider is request-scoped or transient. Rejects with what it throws. */
  call(event: JobEvent): Promise<void>;
}
