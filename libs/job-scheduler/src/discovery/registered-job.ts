import type { JobDefinition } from '../definition/job-definition.js';
import type { AnyClass } from '../definition/job-ref.js';
import type { JobInvoker } from './handlers/job-invoker.js';

/** What `JobRef`s of classes and methods resolve by. */
export interface JobProvider {
  /** The class that declares the job. */
  readonly type: AnyClass;
  /** The decorated method; undefined for a job that is a class. */
  readonly method: string | undefined;
  /** `type`, and under which other classes it is known: the token that it is provided as, the class that stands in for it. */
  readonly knownAs: readonly AnyClass[];
}

/** A job and how to call it. */
export interface RegisteredJob {
  readonly definition: JobDefinition;
  readonly invoker: JobInvoker;
  /** Undefined for jobs from `register`. */
  readonly provider: JobProvider | undefined;
}
