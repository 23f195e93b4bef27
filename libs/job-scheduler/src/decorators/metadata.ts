import type { JobEventType } from '../definition/job-event.js';
import type { JobOptions, StepOptions } from '../definition/job-options.js';
import type { JobContract, JobRef } from '../definition/job-ref.js';
import { METHODS } from './metadata-keys.js';

/** What one `@Job()` says. */
export interface JobMetadata {
  readonly contract: JobContract | undefined;
  readonly options: JobOptions;
  /** What it was given instead of options or a contract; absent when all is well. */
  readonly instead?: { readonly value: unknown };
}

/** What one decorator says about a method. */
export type MethodMetadata = { readonly method: string | symbol } & (
  | { readonly kind: 'job'; readonly job: JobMetadata }
  | { readonly kind: 'step'; readonly options: StepOptions }
  | { readonly kind: 'on-fail' }
);

/** What one `@OnJobEvent()` says. A method may have several. */
export interface ListenerMetadata {
  readonly method: string | symbol;
  readonly types: readonly JobEventType[];
  readonly options: { readonly job?: JobRef };
}

/** Adds to a list, which is each class's own: it must not grow into the list of a base class. */
export function addMetadata(key: string, entry: unknown, target: object): void {
  const own = (Reflect.getOwnMetadata(key, target) ?? []) as unknown[];
  Reflect.defineMetadata(key, [...own, entry], target);
}

export function addMethodMetadata(target: object, entry: MethodMetadata): void {
  addMetadata(METHODS, entry, target);
}
