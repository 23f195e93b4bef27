import { Inject, Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { Observable } from 'rxjs';
import { actingAs } from '../service/actions.js';
import { callerOf } from './caller.js';
import { type ResolvedHttpOptions, HTTP_OPTIONS } from './http-options.js';

const READING = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Where the app says who makes a request, the log lines of what it does say so, too. */
@Injectable()
export class CallerScope implements NestInterceptor {
  constructor(@Inject(HTTP_OPTIONS) private readonly options: ResolvedHttpOptions) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<{ readonly method: string }>();
    if (!this.options.caller || READING.has(request.method)) return next.handle();
    const who = callerOf(request, this.options);
    return new Observable((observer) => actingAs(who, () => next.handle().subscribe(observer)));
  }
}
