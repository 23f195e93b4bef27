import { Catch, Injectable, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { OwnLogger } from '../common/own-logger.js';
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
  'EXECUTION_NOT_DELAYED',
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
@Injectable()
@Catch(JobSchedulerError)
export class JobErrorFilter implements ExceptionFilter<JobSchedulerError> {
  private readonly logger = new OwnLogger();

  constructor(private readonly http: HttpAdapterHost) {}

  catch(error: JobSchedulerError, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw error;
    const { httpAdapter } = this.http;
    const response: unknown = host.switchToHttp().getResponse();
    const body = bodyOf(error);
    if (body.statusCode >= 500) this.logger.error(error.message, error.stack);
    // A stream that has begun can only be cut.
    if (httpAdapter.isHeadersSent(response)) httpAdapter.end(response);
    else httpAdapter.reply(response, body, body.statusCode);
  }
}

function bodyOf(error: JobSchedulerError): { readonly statusCode: number } & Record<string, unknown> {
  const { code } = error;
  if (!OF_CLIENTS.includes(code)) return { statusCode: 500, message: 'Internal server error' };
  const issues = error instanceof PayloadInvalidError && error.issues.length > 0 ? { issues: error.issues } : {};
  return { statusCode: ERROR_STATUS[code], message: PUBLIC_DETAIL[code] ?? error.message, code, ...issues };
}
