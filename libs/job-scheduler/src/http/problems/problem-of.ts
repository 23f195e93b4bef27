import { HttpException } from '@nestjs/common';
import { describeThrown } from '../../common/describe-error.js';
import { readPathText } from '../../common/value-path.js';
import type { ErrorCode } from '../../errors/error-codes.js';
import { JobSchedulerError } from '../../errors/job-scheduler-error.js';
import { redact } from '../../errors/redact.js';
import { RequestInvalidError, type RequestIssue } from '../../errors/request-errors.js';
import { ScheduleConflictError, ScheduleInputError, type ScheduleIssue } from '../../errors/schedule-errors.js';
import { fieldOfIssue } from '../schemas/job-fields.js';
import { ERROR_STATUS, PUBLIC_DETAIL } from './error-status.js';
import { jsonPointer, titleOf, type Problem, type ProblemIssue } from './problem.js';

/** What a thrown value says to a client. */
interface Told {
  readonly code: ErrorCode;
  readonly status: number;
  readonly detail: string;
  readonly errors?: readonly ProblemIssue[];
}

/** @param expose whether a 5xx says what happened. */
export function problemOf(thrown: unknown, instance: string, expose: boolean): Problem {
  const { code, status, detail, errors } = tell(thrown);
  const isOurs = status >= 500;
  return {
    type: `urn:nestjs-job-scheduler:error:${code}`,
    title: titleOf(code),
    status,
    detail: isOurs && !expose ? (PUBLIC_DETAIL[code] ?? 'Something went wrong. The log of the app says what.') : detail,
    instance,
    code,
    ...(errors && errors.length > 0 && { errors }),
    ...(isOurs && expose && thrown instanceof Error && thrown.stack !== undefined && { stack: thrown.stack }),
  };
}

function tell(thrown: unknown): Told {
  if (thrown instanceof JobSchedulerError) return tellOurs(thrown);
  if (thrown instanceof HttpException) return tellStatus(thrown.getStatus(), thrown.message);
  const status = parserStatus(thrown);
  if (status !== undefined) return tellStatus(status, PARSER_DETAIL[status] ?? 'The request cannot be read.', 'parser');
  return { code: 'INTERNAL', status: 500, detail: describeThrown(thrown).message };
}

function tellOurs(error: JobSchedulerError): Told {
  const { code, message } = error;
  if (error instanceof RequestInvalidError)
    return { code, status: ERROR_STATUS[code], detail: message, errors: error.issues.map(requestIssue) };
  if (error instanceof ScheduleInputError) {
    const { issues } = error;
    const status = issues.some((issue) => issue.code === 'PAYLOAD_TOO_LARGE') ? 413 : ERROR_STATUS[code];
    const [first] = message.split('\n');
    return { code, status, detail: `${first!.replace(/:$/, '')}.`, errors: issues.flatMap(scheduleIssues) };
  }
  if (error instanceof ScheduleConflictError && error.details['expected'] === undefined)
    return { code, status: 409, detail: message };
  return { code, status: ERROR_STATUS[code], detail: message };
}

/** What a guard of the app, Nest or a body parser refuses. */
function tellStatus(status: number, detail: string, by: 'parser' | 'app' = 'app'): Told {
  if (status >= 500) return { code: 'INTERNAL', status, detail };
  if (status === 413 || status === 414 || status === 431) return { code: 'REQUEST_TOO_LARGE', status, detail };
  if (status === 415) return { code: 'REQUEST_TYPE_UNSUPPORTED', status, detail };
  return {
    code: by === 'parser' || status === 400 ? 'REQUEST_INVALID' : 'REQUEST_REFUSED',
    status,
    detail: redact(detail),
  };
}

/** Of errors as body parsers of Express and Fastify throw them. Their own words repeat what was sent, or name settings. */
function parserStatus(thrown: unknown): number | undefined {
  if (typeof thrown !== 'object' || thrown === null) return undefined;
  const { statusCode, status } = thrown as { statusCode?: unknown; status?: unknown };
  const code = statusCode ?? status;
  return typeof code === 'number' && code >= 400 && code < 500 ? code : undefined;
}

const PARSER_DETAIL: Readonly<Record<number, string>> = {
  400: 'The request cannot be read: its body is not valid JSON, or its URL is not well encoded.',
  413: "The body is larger than the app's body parser allows.",
  414: 'A part of the path is too long.',
  415: 'The body is to be JSON in UTF-8: send it with "Content-Type: application/json".',
};

function requestIssue({ in: place, path, message }: RequestIssue): ProblemIssue {
  if (place === 'body') return { pointer: jsonPointer(path), detail: message };
  if (place === 'header') return { header: String(path[0]), detail: message };
  return { parameter: path.map(String).join('.'), detail: message };
}

function scheduleIssues({ field, message, code, parts }: ScheduleIssue): ProblemIssue[] {
  const name = fieldOfIssue(field);
  if (!parts) return [{ pointer: jsonPointer([name]), detail: message, code }];
  return parts.map((part) => ({
    pointer: jsonPointer([name, ...readPathText(part.path)]),
    detail: part.message,
    code,
  }));
}
