import type { ErrorCode } from '../../errors/error-codes.js';

/** The HTTP status of each of the library's errors. Those that no request can meet are 500, as all that is unforeseen. */
export const ERROR_STATUS: Readonly<Record<ErrorCode, number>> = {
  REQUEST_INVALID: 400,
  REQUEST_TOO_LARGE: 413,
  REQUEST_TYPE_UNSUPPORTED: 415,
  // A guard's exception says its own.
  REQUEST_REFUSED: 403,
  ROUTE_UNKNOWN: 404,
  STREAMS_FULL: 503,

  SCHEDULE_INVALID: 400,
  SCHEDULE_UNKNOWN: 404,
  SCHEDULE_EXISTS: 409,
  SCHEDULE_OWNED: 409,
  // 409 where the request had no If-Match.
  SCHEDULE_CONFLICT: 412,

  JOB_UNKNOWN: 404,
  QUEUE_UNKNOWN: 404,
  EXECUTION_UNKNOWN: 404,
  EXECUTION_NOT_FAILED: 409,
  EXECUTION_ENDED: 409,
  EXECUTION_NOT_DELAYED: 409,
  HISTORY_QUERY_INVALID: 400,

  PAYLOAD_INVALID: 400,
  PAYLOAD_TOO_LARGE: 413,
  ENQUEUE_INVALID: 400,
  JOB_KEY_INVALID: 400,
  QUEUE_FULL: 503,
  ENQUEUE_INCOMPLETE: 503,

  STORE_UNAVAILABLE: 503,
  NOT_STARTED: 503,

  OPTIONS_INVALID: 500,
  JOB_DEFINITION_INVALID: 500,
  STEP_UNKNOWN: 500,
  STEP_REPEATED: 500,
  RESULT_INVALID: 500,
  STORE_IN_USE: 500,
  STORE_UNSUPPORTED: 500,
  DRIVER_MISSING: 500,
  JOB_FAILED: 500,
  JOB_SKIPPED: 500,
  JOB_CANCELLED: 500,
  JOB_ABORTED: 500,
  JOB_SNOOZED: 500,
  JOB_TIMEOUT: 500,
  JOB_SHUTDOWN: 500,
  JOB_LOCK_LOST: 500,
  JOB_POISONED: 500,
  JOB_REFUSED: 500,
  WAIT_INVALID: 500,
  WAIT_TIMEOUT: 500,
  LOCK_INVALID: 500,
  LOCK_TIMEOUT: 500,
  LOCK_LOST: 500,
  TASK_POOL_INVALID: 500,
  TASK_TIMEOUT: 500,
  INTERNAL: 500,
};

/** What a 5xx says instead of the error's message, which may name addresses. */
export const PUBLIC_DETAIL: Partial<Record<ErrorCode, string>> = {
  STORE_UNAVAILABLE:
    'The job store does not answer. What was asked for may have been done all the same: look before you repeat it.',
  ENQUEUE_INCOMPLETE: 'Some of the jobs were stored, and others were not.',
  STREAMS_FULL: 'As many streams are open as may be. Close one, or come again later.',
  NOT_STARTED: 'The job scheduler has not started yet, or has stopped.',
};
