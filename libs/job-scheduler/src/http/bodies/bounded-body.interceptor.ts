import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { RequestTooLargeError } from '../../errors/request-errors.js';

/** Of one body. A megabyte can hold half a million, and each pass over so many stops the process for a tenth of a second. */
export const MOST_VALUES = 10_000;

/** Refuses bodies of very many values before anything else walks through them. Their bytes are bounded by the app's parser. */
@Injectable()
export class BoundedBody implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { body } = context.switchToHttp().getRequest<{ readonly body?: unknown }>();
    if (hasMoreValues(body, MOST_VALUES)) throw new RequestTooLargeError(MOST_VALUES);
    return next.handle();
  }
}

/** Whether a JSON value holds more than `most` others, at any depth. Ends as soon as that is known, and lists no names. */
function hasMoreValues(value: unknown, most: number): boolean {
  const rest: object[] = typeof value === 'object' && value !== null ? [value] : [];
  let count = 0;
  const add = (inner: unknown) => {
    count++;
    if (typeof inner === 'object' && inner !== null) rest.push(inner);
  };
  for (let next = rest.pop(); next; next = rest.pop()) {
    if (Array.isArray(next)) {
      if (count + next.length > most) return true;
      next.forEach(add);
      continue;
    }
    for (const name in next) {
      if (count > most) return true;
      add((next as Record<string, unknown>)[name]);
    }
  }
  return count > most;
}
