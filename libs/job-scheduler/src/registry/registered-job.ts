import type { JobDefinition } from '../definition/job-definition.js';
import type { JobInvoker } from './job-invoker.js';

/** A job and how to call it. */
export interface RegisteredJob {
  readonly definition: JobDefinition;
  readonly invoker: JobInvoker;
  /** What `JobRef`s of classes and methods resolve by. Undefined for jobs from `register`. */
  readonly provider:
    { readonly type: abstract new (...args: never[]) => object; readonly method: string | undefined } | undefined;
}
