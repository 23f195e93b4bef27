import type { JobMetadata } from '../decorators/metadata.js';
import type { JobOptions, StepOptions } from '../definition/job-options.js';
import type { AnyClass, JobContract } from '../definition/job-ref.js';

/** A job as it was declared, before options are read and defaults filled in. */
export interface JobDeclaration {
  /** Where it stands, for messages: `NightlyReport`, `Mailer.sendWelcome` or `register`. */
  readonly source: string;
  /** The decorated method; undefined for a class and for a registered function. */
  readonly method: string | undefined;
  /** Its name, where neither options nor contract say one. */
  readonly defaultName: string;
  readonly contract: JobContract | undefined;
  readonly options: JobOptions;
  /** What `@Job()` was given instead. */
  readonly instead?: JobMetadata['instead'];
  /** In the order of the class. */
  readonly steps: readonly StepDeclaration[];
  /** The single handler's method; undefined for a job in steps and for a registered function. */
  readonly handler: string | undefined;
  readonly onFailMethod: string | undefined;
}

export interface StepDeclaration {
  readonly source: string;
  readonly method: string;
  readonly options: StepOptions;
}

/** For messages. */
export function className(type: AnyClass): string {
  return type.name || 'an anonymous class';
}
