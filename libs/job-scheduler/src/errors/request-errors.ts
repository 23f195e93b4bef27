import { JobSchedulerError } from './job-scheduler-error.js';

/** One thing wrong with an HTTP request. */
export interface RequestIssue {
  readonly in: 'body' | 'query' | 'path' | 'header';
  /** Where in it: the names and indexes down to the value. */
  readonly path: readonly PropertyKey[];
  /** What is wrong, and what is allowed. */
  readonly message: string;
}

/** An HTTP request is wrong in itself; `issues` holds all of it. Nothing was done. */
export class RequestInvalidError extends JobSchedulerError {
  readonly code = 'REQUEST_INVALID';

  constructor(readonly issues: readonly RequestIssue[]) {
    super({
      message: `${issues.length === 1 ? 'There is a fault' : `There are ${issues.length} faults`} in the request.`,
      details: { issues },
    });
  }
}

/** The body of an HTTP request is not JSON by its `Content-Type`. Nothing was done. */
export class RequestTypeError extends JobSchedulerError {
  readonly code = 'REQUEST_TYPE_UNSUPPORTED';

  constructor() {
    super({ message: 'The body is to be JSON: send it with "Content-Type: application/json".' });
  }
}

/** The body of an HTTP request holds more values than are allowed. Nothing was done. */
export class RequestTooLargeError extends JobSchedulerError {
  readonly code = 'REQUEST_TOO_LARGE';

  /** @param most values: names and elements of arrays, at any depth. */
  constructor(readonly most: number) {
    super({
      message: `The body holds more than ${most} values. Send less: keep large data elsewhere, and send where it is.`,
      details: { most },
    });
  }
}

/** The HTTP API has no such path, or not with this method. */
export class RouteUnknownError extends JobSchedulerError {
  readonly code = 'ROUTE_UNKNOWN';

  constructor(method: string, path: string) {
    super({ message: `There is no ${method} ${path}.`, details: { method, path } });
  }
}

/** As many streams are open as may be: in this process, or for this caller. */
export class StreamsFullError extends JobSchedulerError {
  readonly code = 'STREAMS_FULL';

  constructor(
    whose: 'process' | 'caller',
    readonly most: number,
  ) {
    super({
      message: `${whose === 'process' ? 'This process has' : 'You have'} ${most} ${most === 1 ? 'stream' : 'streams'} open, and no more are allowed. Close one, or come again later.`,
      details: { whose, most },
    });
  }
}
