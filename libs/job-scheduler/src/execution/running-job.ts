import type { QueuedExecution } from '../store/codecs/queued-execution.js';
import type { JobSchedulerError } from '../errors/job-scheduler-error.js';
import type { Outcome } from './outcome/outcome.js';

/** One attempt that is going on in this process. */
export interface RunningJob {
  readonly started: QueuedExecution;
  /** Whether shutdown waits for it or aborts it at once. */
  readonly onShutdown: 'wait' | 'abort';
  /** Resolves at the handler's end, or at the deadline even if the handler goes on. Never rejects. */
  readonly outcome: Promise<Outcome>;
  /**
   * Fires the handler's signal. The reason decides the outcome, whatever the handler then does.
   * A JobTimeoutError ends the attempt at once; for every other reason the handler ends by itself, at the deadline at the latest.
   * @returns `false` when it has its outcome already, or was aborted for another reason: nothing can change it any more.
   */
  abort(reason: JobSchedulerError): boolean;
  /** Ends the attempt now, by the reason it was aborted for, although its handler goes on. */
  abandon(): void;
}

/** What a run reports while it goes on. The worker gives it to the queue, by BullMQ's `updateProgress`. */
export interface JobReports {
  progress(value: number | object): Promise<void>;
  /** Stores another payload in place of the job's: a retry starts with it. For our own jobs only. */
  keep(payload: unknown): Promise<void>;
}

/** Runs attempts. The worker's only view of the execution room. */
export interface JobRunner {
  begin(started: QueuedExecution, reports: JobReports): RunningJob;
}
