import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { RequestInvalidError, type RequestIssue } from '../../errors/request-errors.js';

const MOST_ISSUES = 50;

/** For handlers that take no body: a body that would be ignored is refused. `{}` counts as none. */
@Injectable()
export class EmptyBody implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { body } = context.switchToHttp().getRequest<{ readonly body?: unknown }>();
    const issues = issuesOf(body);
    if (issues.length > 0) throw new RequestInvalidError(issues);
    return next.handle();
  }
}

function issuesOf(body: unknown): RequestIssue[] {
  if (body === undefined || body === null) return [];
  if (typeof body !== 'object' || Array.isArray(body))
    return [{ in: 'body', path: [], message: 'Invalid input: expected no body, or an empty object' }];
  return Object.keys(body)
    .slice(0, MOST_ISSUES)
    .map((name) => ({ in: 'body', path: [name], message: 'Unknown name: it is not allowed here' }));
}
