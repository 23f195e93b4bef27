import { JobSchedulerError } from './job-scheduler-error.js';

/** An option of a TaskPool, or of one of its calls, is wrong. Nothing was run. */
export class TaskPoolOptionsError extends JobSchedulerError {
  readonly code = 'TASK_POOL_INVALID';

  constructor(field: string, value: unknown, problem: string) {
    super({ message: `Task pool ${field}: ${problem}`, details: { field, value } });
  }
}

/** A task, or the wait for a pool to be idle, took longer than its time-out. */
export class TaskTimeoutError extends JobSchedulerError {
  readonly code = 'TASK_TIMEOUT';

  /** @param what begins the sentence: `The task`. */
  constructor(what: string, timeout: number) {
    super({ message: `${what} took longer than ${timeout} ms.`, details: { timeout } });
  }
}
