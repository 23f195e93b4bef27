import type { JobContext } from '../definition/job-context.js';
import type { StepOptions } from '../definition/job-options.js';
import { addMethodMetadata } from './metadata.js';

/**
 * A durable step of a `@Job()` class: once it has succeeded, its result is recorded, and retries of the job do not run
 * it again. Steps run in the order of the class; `order` overrides that. The last one's result is the job's.
 * A step's result must be JSON.
 *
 * Every step gets the job's payload; `ctx.result('name')` gives what an earlier one returned.
 */
export function JobStep(
  options: StepOptions = {},
): <F extends (payload: never, ctx: JobContext) => unknown>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<F>,
) => void {
  return (target, method) => addMethodMetadata(target, { kind: 'step', method, options });
}
