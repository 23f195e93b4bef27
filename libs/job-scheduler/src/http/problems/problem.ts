import type { ErrorCode } from '../../errors/error-codes.js';

/** One thing wrong with a request: where it stands, and what is wrong. */
export interface ProblemIssue {
  /** In the body: a JSON Pointer (RFC 6901) as the fragment of a URI, such as `#/cronExpression`. */
  readonly pointer?: string;
  /** A parameter of the query or of the path. */
  readonly parameter?: string;
  readonly header?: string;
  readonly detail: string;
  /** Where it is more than the problem's own code tells. */
  readonly code?: ErrorCode;
}

/** The body of every answer that is an error: problem details of RFC 9457, sent as `application/problem+json`. */
export interface Problem {
  /** `urn:nestjs-job-scheduler:error:` and the code. */
  readonly type: string;
  /** The same for each problem of this type. */
  readonly title: string;
  readonly status: number;
  /** What is wrong this time, and what to do about it. */
  readonly detail: string;
  /** The path of the request. */
  readonly instance: string;
  /** The library's code: branch on it. */
  readonly code: ErrorCode;
  readonly errors?: readonly ProblemIssue[];
  /** With `exposeErrors` only. */
  readonly stack?: string;
}

export const PROBLEM_TYPE = 'application/problem+json';

/** `SCHEDULE_UNKNOWN` as `Schedule unknown`. */
export function titleOf(code: ErrorCode): string {
  const words = code.toLowerCase().replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A JSON Pointer (RFC 6901) as the fragment of a URI: `#/invokeParams/items/0`. */
export function jsonPointer(path: readonly PropertyKey[]): string {
  const tokens = path.map((name) => String(name).replaceAll('~', '~0').replaceAll('/', '~1'));
  return `#${tokens.map((token) => `/${encodeURIComponent(token.replace(/\p{Surrogate}/gu, '\ufffd'))}`).join('')}`;
}
