import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { JobContext } from 'nestjs-job-scheduler';
import { tap, type Observable } from 'rxjs';
import { ActivityLog } from './activity-log.js';

/** Notes each attempt of a job. It stands around handlers as it would around routes: the arguments are the handler's. */
@Injectable()
export class ActivityInterceptor implements NestInterceptor {
  constructor(private readonly activity: ActivityLog) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const [, ctx] = context.getArgs<[payload: unknown, ctx: JobContext]>();
    const run = this.activity.start(ctx);
    const startedAt = performance.now();
    return next.handle().pipe(
      tap({
        error: (error: Error) => (run.error = error.message),
        finalize: () => (run.durationMs = performance.now() - startedAt),
      }),
    );
  }
}
