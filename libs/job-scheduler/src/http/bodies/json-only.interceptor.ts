import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { RequestTypeError } from '../../errors/request-errors.js';

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json$/i;

interface Request {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/**
 * Refuses bodies that are not JSON. An app may parse forms, too, and a page of somebody else's can send a form in its
 * visitor's name without being asked for permission first.
 */
@Injectable()
export class JsonOnly implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { headers } = context.switchToHttp().getRequest<Request>();
    const length = headers['content-length'];
    const hasBody = headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
    if (
      hasBody &&
      !JSON_TYPE.test(
        String(headers['content-type'] ?? '')
          .split(';')[0]!
          .trim(),
      )
    )
      throw new RequestTypeError();
    return next.handle();
  }
}
