import type { JobEvent } from '../definition/job-event.js';

/** Who hears of what happens to executions. */
export interface JobEvents {
  /** Whether anybody listens, here or in the fleet. If not, no event is made: ask this first. */
  readonly wanted: boolean;
  /** This process, as it stands in events. */
  readonly workerId: string;
  /** Passes an event on, later: it never throws and never waits. Events are told in the order in which they come. */
  emit(event: JobEvent): void;
}
