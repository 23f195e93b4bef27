import type { JobContext } from '../definition/job-context.js';
import type { JobInvoker } from './job-invoker.js';

/** The handler of a job from `register`. */
export type JobFunction<P = never> = (payload: P, ctx: JobContext) => unknown;

/** Calls a registered function: no DI, no enhancers. */
export function functionInvoker(handler: JobFunction): JobInvoker {
  return {
    onFail: undefined,
    attempt: (payload, _ctx, body) =>
      body({ run: (given, ctx) => handler(given as never, ctx), step: () => undefined }, payload),
  };
}
