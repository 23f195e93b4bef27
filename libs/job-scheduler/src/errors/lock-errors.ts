import { JobSchedulerError } from './job-scheduler-error.js';

/** A key, a time or an option of a lock is wrong. The store was not asked. */
export class LockOptionsError extends JobSchedulerError {
  readonly code = 'LOCK_INVALID';

  constructor(field: string, value: unknown, problem: string) {
    super({ message: `Lock ${field}: ${problem}`, details: { field, value } });
  }
}

/** The lock did not become free in time. The waiter has left the line. */
export class LockTimeoutError extends JobSchedulerError {
  readonly code = 'LOCK_TIMEOUT';

  constructor(key: string, timeout: number) {
    super({
      message: `The lock "${key}" was not free within ${timeout} ms. Wait longer, or hold it for less time.`,
      details: { key, timeout },
    });
  }
}

/** The lock is not held any more: somebody else may have it by now, so that what it guards must end. */
export class LockLostError extends JobSchedulerError {
  readonly code = 'LOCK_LOST';

  constructor(key: string, why: string) {
    super({
      message: `The lock "${key}" was lost: ${why}. Somebody else may have it by now.`,
      details: { key },
    });
  }
}
