import type { JobPayload, KnownRef } from '../../definition/job-ref.js';
import type { EnqueueOptions } from './enqueue-options.js';

/** What follows the reference in `enqueue`: the payload may be left out where the job takes none. */
export type EnqueueArgs<P> = undefined extends P
  ? [payload?: P, options?: EnqueueOptions]
  : [P] extends [void]
    ? [payload?: undefined, options?: EnqueueOptions]
    : [payload: P, options?: EnqueueOptions];

/** The payload in the middle of an argument list, where it cannot be left out: `undefined` stands for none. */
export type RequiredPayload<P> = [P] extends [void] ? undefined : P;

/** One entry of `enqueueMany`. */
export type EnqueueManyEntry<J> = {
  readonly job: J & KnownRef<J>;
  readonly options?: EnqueueOptions;
} & (undefined extends JobPayload<J>
  ? { readonly payload?: JobPayload<J> }
  : [JobPayload<J>] extends [void]
    ? { readonly payload?: undefined }
    : { readonly payload: JobPayload<J> });
