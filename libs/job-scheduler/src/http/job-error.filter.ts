import { Catch, HttpException, type ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import type { ErrorCode } from '../errors/error-codes.js';
import { JobSchedulerError } from '../errors/job-scheduler-error.js';
import { PayloadInvalidError } from '../errors/payload-errors.js';
import { ERROR_STATUS, PUBLIC_DETAIL } from './problems/error-status.js';

/**
 * What a client can cause by what it sent, or may try again later. Others are faults of the app, such as the name of a job
 * that does not exist, and their messages tell of its code.
 */
const OF_CLIENTS: readonly ErrorCode[] = [
  'PAYLOAD_INVALID',
  'PAYLOAD_TOO_LARGE',
  'ENQUEUE_INVALID',
  'EXECUTION_UNKNOWN',
  'EXECUTION_NOT_FAILED',
  'EXECUTION_ENDED',
  'HISTORY_QUERY_INVALID',
  'SCHEDULE_INVALID',
  'SCHEDULE_UNKNOWN',
  'SCHEDULE_EXISTS',
  'SCHEDULE_OWNED',
  'QUEUE_FULL',
  'ENQUEUE_INCOMPLETE',
  'STORE_UNAVAILABLE',
  'NOT_STARTED',
];

/**
 * Answers for errors of the library that come out of the app's own HTTP handlers, in the shape of Nest's exceptions with the
 * error's `code` beside it: a payload that its job's schema refuses is a 400 with `PAYLOAD_INVALID`, a full queue or a store
 * that is away a 503. What is the app's own fault stays a 500, which tells nothing. For HTTP only: elsewhere it throws the
 * error on.
 *
 * @example
 * ```ts
 * providers: [{ provide: APP_FILTER, useClass: JobErrorFilter }]
 * ```
 */
@Catch(JobSchedulerError)
export class JobErrorFilter extends BaseExceptionFilter<JobSchedulerError> {
  override catch(error: JobSchedulerError, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw error;
    super.catch((OF_CLIENTS.includes(error.code) ? toException(error) : error) as JobSchedulerError, host);
  }
}

function toException(error: JobSchedulerError): HttpException {
  const { code } = error;
  const statusCode = ERROR_STATUS[code];
  const message = PUBLIC_DETAIL[code] ?? error.message;
  const issues = error instanceof PayloadInvalidError && error.issues.length > 0 ? { issues: error.issues } : {};
  return new HttpException({ statusCode, message, code, ...issues }, statusCode, { cause: error });
}
