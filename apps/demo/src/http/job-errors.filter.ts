import { ArgumentsHost, Catch, HttpStatus, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { JobSchedulerError, type ErrorCode } from 'nestjs-job-scheduler';

const STATUS: Partial<Record<ErrorCode, HttpStatus>> = {
  JOB_UNKNOWN: HttpStatus.BAD_REQUEST,
  PAYLOAD_INVALID: HttpStatus.BAD_REQUEST,
  PAYLOAD_TOO_LARGE: HttpStatus.PAYLOAD_TOO_LARGE,
  ENQUEUE_INVALID: HttpStatus.BAD_REQUEST,
  SCHEDULE_INVALID: HttpStatus.BAD_REQUEST,
  EXECUTION_UNKNOWN: HttpStatus.NOT_FOUND,
  STORE_UNAVAILABLE: HttpStatus.SERVICE_UNAVAILABLE,
  NOT_STARTED: HttpStatus.SERVICE_UNAVAILABLE,
};

/** What the job scheduler says in words that a client understands. */
@Catch(JobSchedulerError)
export class JobErrorsFilter implements ExceptionFilter<JobSchedulerError> {
  constructor(private readonly http: HttpAdapterHost) {}

  catch({ code, message, details }: JobSchedulerError, host: ArgumentsHost): void {
    const statusCode = STATUS[code] ?? HttpStatus.INTERNAL_SERVER_ERROR;
    this.http.httpAdapter.reply(host.switchToHttp().getResponse(), { statusCode, code, message, details }, statusCode);
  }
}
