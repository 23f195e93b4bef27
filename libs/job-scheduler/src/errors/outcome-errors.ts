import type { ErrorCode } from './error-codes.js';
import { JobSchedulerError } from './job-scheduler-error.js';

/** Throw it in a handler: the job fails at once, without retry. */
export class JobAbortError extends JobSchedulerError {
  readonly code = 'JOB_ABORTED';

  constructor(message: string, options?: { cause?: unknown }) {
    super({ message, cause: options?.cause });
  }
}

/** Throw it in a handler: the job ends as cancelled. Also the signal's reason after `cancel(id)`. */
export class JobCancelError extends JobSchedulerError {
  readonly code = 'JOB_CANCELLED';

  /** @param by who cancelled it: a worker id. Undefined: the handler itself. */
  constructor(
    readonly reason: string = 'cancelled',
    readonly by?: string,
  ) {
    super({ message: reason, details: { reason, ...(by !== undefined && { by }) } });
  }
}

/**
 * Throw it in a handler: the job runs again after `delay`, and uses up no attempt.
 * `delay` is in milliseconds, or a text such as `'5m'`.
 */
export class JobSnoozeError extends JobSchedulerError {
  readonly code = 'JOB_SNOOZED';

  constructor(readonly delay: number | string) {
    super({ message: `Snoozed for ${delay}`, details: { delay } });
  }
}

/** The attempt, or one of its steps, was not done in time. */
export class JobTimeoutError extends JobSchedulerError {
  readonly code = 'JOB_TIMEOUT';

  constructor(
    what: string,
    readonly timeout: number,
  ) {
    super({ message: `${what} timed out after ${timeout} ms`, details: { what, timeout } });
  }
}

/** The process stops: the job goes back to its queue and uses up no attempt. */
export class JobShutdownError extends JobSchedulerError {
  readonly code = 'JOB_SHUTDOWN';

  constructor() {
    super({ message: 'The process stops. The job goes back to its queue.' });
  }
}

/** The job's lock was lost: another worker may have it by now, so that this run must end. */
export class JobLockLostError extends JobSchedulerError {
  readonly code = 'JOB_LOCK_LOST';

  constructor(id: string) {
    super({ message: `The lock of execution "${id}" was lost. Another worker may run it by now.`, details: { id } });
  }
}

/** The job's worker died under it too often. */
export class JobPoisonedError extends JobSchedulerError {
  readonly code = 'JOB_POISONED';

  constructor(crashes: number) {
    super({ message: `The job kept killing its worker: ${crashes} times.`, details: { crashes } });
  }
}

/** A guard refused the job. Not tried again. */
export class JobRefusedError extends JobSchedulerError {
  readonly code = 'JOB_REFUSED';

  constructor(message: string, cause?: unknown) {
    super({ message, cause });
  }
}

/** What `finished()` rejects with: the job ended, but not well, or not in time. */
export abstract class JobEndedError extends JobSchedulerError {
  abstract override readonly code: ErrorCode;

  constructor(
    readonly id: string,
    readonly job: string,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
    cause?: unknown,
  ) {
    super({ message, details: { id, job, ...details }, cause });
  }
}

/** The job failed for good. `cause` is the last attempt's error, as far as it was stored; `message` is its message. */
export class JobFailedError extends JobEndedError {
  readonly code = 'JOB_FAILED';

  constructor(id: string, job: string, cause: Error) {
    super(id, job, cause.message, {}, cause);
  }
}

/** The run did not take place; `reason` says why. */
export class JobSkippedError extends JobEndedError {
  readonly code = 'JOB_SKIPPED';

  constructor(
    id: string,
    job: string,
    readonly reason: string,
  ) {
    super(id, job, `Job "${job}" was skipped: ${reason}`, { reason });
  }
}

/** The job was cancelled; `reason` says why. */
export class JobCancelledError extends JobEndedError {
  readonly code = 'JOB_CANCELLED';

  constructor(
    id: string,
    job: string,
    readonly reason: string,
  ) {
    super(id, job, `Job "${job}" was cancelled: ${reason}`, { reason });
  }
}

/** An option of `finished` is wrong. The job goes on, without a wait for it. */
export class WaitOptionsError extends JobSchedulerError {
  readonly code = 'WAIT_INVALID';

  constructor(field: string, value: unknown, problem: string) {
    super({ message: `finished() ${field}: ${problem}`, details: { field, value } });
  }
}

/** `finished({ timeout })` gave up waiting. The job goes on. */
export class WaitTimeoutError extends JobEndedError {
  readonly code = 'WAIT_TIMEOUT';

  constructor(id: string, job: string, timeout: number) {
    super(id, job, `Job "${job}" did not finish within ${timeout} ms. It goes on.`, { timeout });
  }
}
