import { Catch, Inject, Injectable, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { describeThrown } from '../../common/describe-error.js';
import { OwnLogger } from '../../common/own-logger.js';
import { type ResolvedHttpOptions, HTTP_OPTIONS } from '../http-options.js';
import { problemOf } from './problem-of.js';
import { PROBLEM_TYPE } from './problem.js';

/** Seconds. */
const COME_AGAIN = '10';

/** Answers every error of the API's controllers with problem details. Bound to them alone: the app's own routes keep theirs. */
@Injectable()
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new OwnLogger();

  constructor(
    private readonly http: HttpAdapterHost,
    @Inject(HTTP_OPTIONS) private readonly options: ResolvedHttpOptions,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const { httpAdapter } = this.http;
    const context = host.switchToHttp();
    const response: unknown = context.getResponse();
    const [path] = String(httpAdapter.getRequestUrl(context.getRequest())).split('?');
    const problem = problemOf(thrown, path!, this.options.exposeErrors);
    // Who opens too many streams is not to fill the log, too.
    if (problem.status >= 500 && problem.code !== 'STREAMS_FULL')
      this.logger.error(
        `${httpAdapter.getRequestMethod(context.getRequest())} ${path} failed: ${describeThrown(thrown).message}`,
        thrown instanceof Error ? thrown.stack : undefined,
      );
    // A stream that has begun can only be cut.
    if (httpAdapter.isHeadersSent(response)) {
      httpAdapter.end(response);
      return;
    }
    httpAdapter.setHeader(response, 'Content-Type', PROBLEM_TYPE);
    if (problem.code === 'STREAMS_FULL') httpAdapter.setHeader(response, 'Retry-After', COME_AGAIN);
    httpAdapter.reply(response, problem, problem.status);
  }
}
