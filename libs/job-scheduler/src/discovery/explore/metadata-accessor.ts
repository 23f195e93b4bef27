/** The only reader of metadata: of what our decorators wrote, and of what Nest's enhancer decorators did. */
import { UseFilters, UseGuards, UseInterceptors, UsePipes } from '@nestjs/common';
import type { AnyClass } from '../../definition/job-ref.js';
import { CLASS_JOBS, LISTENERS, METHODS } from '../../decorators/metadata-keys.js';
import type { JobMetadata, ListenerMetadata, MethodMetadata } from '../../decorators/metadata.js';

export type EnhancerKind = 'guard' | 'interceptor' | 'pipe' | 'filter';

/** Under which keys Nest keeps enhancers. Asked of Nest's own decorators, so that they are right in every version. */
export const ENHANCER_KEYS: Readonly<Record<EnhancerKind, string>> = {
  guard: keyOf(UseGuards({ canActivate: () => true })),
  interceptor: keyOf(UseInterceptors({ intercept: (_context, next) => next.handle() })),
  pipe: keyOf(UsePipes({ transform: (value: unknown) => value })),
  filter: keyOf(UseFilters({ catch: () => undefined })),
};

function keyOf(decorator: ClassDecorator): string {
  class Probe {}
  decorator(Probe);
  return (Reflect.getOwnMetadataKeys(Probe) as string[])[0]!;
}

/** A class or an instance of one, given to `@UseGuards()` and the like. */
export interface Enhancer {
  readonly kind: EnhancerKind;
  readonly enhancer: object;
}

/** `@Job()`s that stand on this very class. */
export function jobsOn(type: AnyClass): readonly JobMetadata[] {
  return own<JobMetadata>(CLASS_JOBS, type);
}

/** The nearest base class with a `@Job()` of its own. */
export function jobBaseOf(type: AnyClass): AnyClass | undefined {
  return basesOf(type).findLast((base) => base !== type && jobsOn(base).length > 0);
}

/**
 * What is decorated in a class and its bases, in the order of the classes, bases first. Where a class decorates a method
 * that its base has decorated too, the class's word stands, in the base's place.
 */
export function methodsOf(type: AnyClass): readonly MethodMetadata[] {
  return inherited(type, ownMethodsOf);
}

/** What is decorated in this very class. */
export function ownMethodsOf(type: AnyClass): readonly MethodMetadata[] {
  return own<MethodMetadata>(METHODS, type.prototype as object);
}

/** What is decorated among a class's static members: always a mistake. */
export function staticsOf(type: AnyClass): readonly MethodMetadata[] {
  return own<MethodMetadata>(METHODS, type);
}

/** The listeners to events of a class and its bases, in the same order. */
export function listenersOf(type: AnyClass): readonly ListenerMetadata[] {
  return inherited(type, (base) => own<ListenerMetadata>(LISTENERS, base.prototype as object));
}

/** Listeners among a class's static members: always a mistake. */
export function staticListenersOf(type: AnyClass): readonly ListenerMetadata[] {
  return own<ListenerMetadata>(LISTENERS, type);
}

/** Whether any of our decorators that declare jobs stands on the class, on its methods, or on its bases. */
export function isDecorated(type: AnyClass): boolean {
  return (
    basesOf(type).some((base) => jobsOn(base).length > 0 || staticsOf(base).length > 0) || methodsOf(type).length > 0
  );
}

/** The enhancers that `@UseGuards()`, `@UseInterceptors()`, `@UsePipes()` and `@UseFilters()` put on a class or a method. */
export function enhancersOn(target: object | undefined): readonly Enhancer[] {
  if (target === undefined) return [];
  return Object.entries(ENHANCER_KEYS).flatMap(([kind, key]) =>
    ((Reflect.getMetadata(key, target) ?? []) as object[]).map((enhancer) => ({
      kind: kind as EnhancerKind,
      enhancer,
    })),
  );
}

function inherited<T extends { readonly method: string | symbol }>(
  type: AnyClass,
  ownOf: (base: AnyClass) => readonly T[],
): readonly T[] {
  const methods = new Map<string | symbol, readonly T[]>();
  for (const base of basesOf(type)) {
    const entries = ownOf(base);
    for (const { method } of entries)
      methods.set(
        method,
        entries.filter((entry) => entry.method === method),
      );
  }
  return [...methods.values()].flat();
}

function own<T>(key: string, target: object): readonly T[] {
  return (Reflect.getOwnMetadata(key, target) ?? []) as readonly T[];
}

/** The class and what it extends, the farthest base first. */
function basesOf(type: AnyClass): AnyClass[] {
  const bases: AnyClass[] = [];
  let each: unknown = type;
  while (typeof each === 'function' && each !== Function.prototype && typeof each.prototype === 'object') {
    bases.unshift(each as unknown as AnyClass);
    each = Object.getPrototypeOf(each);
  }
  return bases;
}
