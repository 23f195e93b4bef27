import { JobSchedulerError } from './job-scheduler-error.js';
import { plainCause } from './plain-cause.js';
import { redact } from './redact.js';

/**
 * The store did not answer in time. For `enqueue` the job may have been stored all the same:
 * repeat with the same `id`, which is safe.
 */
export class StoreUnavailableError extends JobSchedulerError {
  readonly code = 'STORE_UNAVAILABLE';

  constructor(address: string, problem: string, cause?: unknown) {
    super({
      message: `The job store at ${address} ${redact(problem)}`,
      details: { address },
      cause: plainCause(cause),
    });
  }
}

/** Another process has this `file:` directory open. */
export class StoreInUseError extends JobSchedulerError {
  readonly code = 'STORE_IN_USE';

  constructor(directory: string, owner: string) {
    super({
      message: `The job store in ${directory} is open in ${owner}. A file: store serves one process: stop that one, or use Redis or PostgreSQL for several.`,
      details: { directory, owner },
    });
  }
}

/** The store is of a version or a set-up that cannot hold jobs safely. */
export class StoreUnsupportedError extends JobSchedulerError {
  readonly code = 'STORE_UNSUPPORTED';

  constructor(address: string, problem: string, cause?: unknown) {
    super({
      message: `The job store at ${address} ${redact(problem)}`,
      details: { address },
      cause: plainCause(cause),
    });
  }
}

/** An optional package that the connection needs is not installed. */
export class DriverMissingError extends JobSchedulerError {
  readonly code = 'DRIVER_MISSING';

  constructor(packageName: string, connection: string, cause?: unknown) {
    super({
      message: `The connection ${connection} needs the package ${packageName}. Install it: npm install ${packageName}`,
      details: { package: packageName },
      cause,
    });
  }
}

/** The module has not started yet, or has stopped. */
export class NotStartedError extends JobSchedulerError {
  readonly code = 'NOT_STARTED';

  constructor(action: string, state: 'starting' | 'stopped') {
    super({
      message:
        state === 'starting'
          ? `Cannot ${action} before the job store is open. It opens when the app starts, or at the first call in onModuleInit or later: call it there, and not in a constructor or a factory.`
          : `Cannot ${action}: the job scheduler has stopped.`,
      details: { action, state },
    });
  }
}
