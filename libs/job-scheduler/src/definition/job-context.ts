import type { Observable } from 'rxjs';
import type { JobTrigger } from './job-status.js';

/**
 * What a handler knows about its run. Second argument of `run`, of steps and of `@Job` methods.
 * A class, not an interface, so that it can stand in decorated signatures.
 */
export abstract class JobContext {
  /** The execution's id: the same in every attempt. */
  abstract readonly id: string;
  /** The job's name. */
  abstract readonly job: string;
  /** The queue that it came from. */
  abstract readonly queue: string;
  /** The schedule that fired; undefined for other triggers. */
  abstract readonly scheduleId: string | undefined;
  /** 1 for the first attempt. A crash, a snooze and a shutdown repeat the number. */
  abstract readonly attempt: number;
  /** Attempts in all: `retry` + 1. */
  abstract readonly maxAttempts: number;
  /** What made this run. */
  abstract readonly trigger: JobTrigger;
  /** Nominal time of a scheduled run. */
  abstract readonly scheduledFor: Date | undefined;
  /** Fires at the deadline, on cancel, on shutdown and when the lock is lost; its `reason` says which. */
  abstract readonly signal: AbortSignal;
  /** When this attempt times out. */
  abstract readonly deadline: Date;
  /**
   * Grows with every start of this execution; with `overlap` or `concurrency`, with every start under the same lock.
   * Give it to outside systems that can refuse writes of an older run.
   */
  abstract readonly fence: number;
  /** Notes given to `enqueue`. */
  abstract readonly metadata: Readonly<Record<string, string>>;

  /**
   * A durable step written inline: `work` runs at most until it has once succeeded, over all attempts of this execution.
   * Its result is stored as JSON, and given back without running `work` afterwards. Of an Observable it is the last value.
   * @param name unique in the job.
   * @throws StepRepeatedError when the name was used already in this attempt.
   * @throws ResultInvalidError when the result is not JSON.
   */
  abstract step<T>(name: string, work: () => T | Promise<T> | Observable<T>): Promise<T>;

  /**
   * The recorded result of a finished step.
   * @throws StepUnknownError when no such step has finished.
   */
  abstract result<T>(step: string): T;

  /**
   * Adds a line to this execution's log; the handler does not wait for it. The newest 1,000 are kept, of at most 16,384
   * characters each, as long as the execution's record. Never throws; a line that cannot be stored is dropped with a warning.
   * @param data JSON.
   */
  abstract log(message: string, data?: object): void;

  /**
   * Reports how far the run is: a number (percent, by custom) or any JSON object. Need not be awaited.
   * @throws ResultInvalidError when it is no JSON, and the reason of the signal once that has fired.
   */
  abstract progress(value: number | object): Promise<void>;
}

/** What `@OnJobFail` methods and `onFail` jobs are told. */
export interface JobFailure<P = unknown> {
  readonly id: string;
  readonly job: string;
  readonly queue: string;
  readonly payload: P;
  /** The last attempt's error. In an `onFail` job it comes from JSON: `name`, `message`, `stack` and `code` only. */
  readonly error: Error;
  /** Attempts made. */
  readonly attempts: number;
  readonly scheduleId?: string;
  readonly metadata: Readonly<Record<string, string>>;
}
