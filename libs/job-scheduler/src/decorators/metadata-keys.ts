/** Under which keys the decorators write. Read by `discovery/metadata-accessor.ts` and by nothing else. */
import { Injectable } from '@nestjs/common';

/** On a class: a list of `JobMetadata`; more than one is a fault. */
export const CLASS_JOBS = 'nestjs-job-scheduler:jobs';
/** On a prototype (on a class for static members): a list of `MethodMetadata`, in the order of the class. */
export const METHODS = 'nestjs-job-scheduler:methods';
/** On a prototype (on a class for static members): a list of `ListenerMetadata`, in the order of the class. */
export const LISTENERS = 'nestjs-job-scheduler:listeners';
/** What `@Injectable()` marks a class with. Asked of Nest, so that it is right in every version. */
export const INJECTABLE = injectableKey();

function injectableKey(): string {
  class Probe {}
  Injectable()(Probe);
  const keys = Reflect.getOwnMetadataKeys(Probe) as string[];
  return keys.find((key) => Reflect.getOwnMetadata(key, Probe) === true)!;
}
