import type { JobContext } from '../../definition/job-context.js';
import { lastValueOf } from '../../common/last-value.js';
import type { JobInvoker } from './job-invoker.js';

/** The handler of a job that `jobs.register` adds. Of an Observable, the last value is the result. */
export type JobFunction<P = never> = (payload: P, ctx: JobContext) => unknown;

/** Calls a registered function: no DI, no enhancers. */
export function functionInvoker(handler: JobFunction): JobInvoker {
  return {
    onFail: undefined,
    attempt: (payload, _ctx, body) =>
      body(
        { run: async (given, ctx) => lastValueOf(handler(given as never, ctx), ctx), step: () => undefined },
        payload,
      ),
  };
}
