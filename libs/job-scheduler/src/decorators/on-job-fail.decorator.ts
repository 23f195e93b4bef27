import type { JobFailure } from '../definition/job-context.js';
import { addMethodMetadata } from './metadata.js';

/**
 * The method that is told when a job of this class has failed for good: once, when retries are used up.
 * A class has one at most; in a class with several `@Job()` methods it stands for all of them, and
 * `failure.job` says which one failed. What it throws is logged and changes nothing.
 *
 * Guards, interceptors, pipes and filters do not apply to it.
 */
export function OnJobFail(): <F extends (failure: JobFailure<never>) => unknown>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<F>,
) => void {
  return (target, method) => addMethodMetadata(target, { kind: 'on-fail', method });
}
