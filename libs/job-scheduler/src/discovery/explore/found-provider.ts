import type { DiscoveryService } from '@nestjs/core';
import type { AnyClass } from '../../definition/job-ref.js';

/** Nest's record of a provider. */
export type ProviderWrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** A provider that declares jobs. */
export interface FoundProvider {
  /** Where the decorators are read. */
  readonly type: AnyClass;
  readonly knownAs: readonly AnyClass[];
  readonly wrapper: ProviderWrapper;
  readonly code: ProviderCode;
}

/** What runs: mostly the declaring class itself, or what stands in for it (`useClass`, `useValue`, a test's override). */
export class ProviderCode {
  constructor(
    private readonly wrapper: ProviderWrapper,
    /** Undefined when it is a plain object. */
    readonly type: AnyClass | undefined,
  ) {}

  /** One instance for all attempts; else a new one for each. */
  get isShared(): boolean {
    return this.wrapper.isDependencyTreeStatic() && !this.wrapper.isTransient;
  }

  /** The function behind a method's name, as far as it can be known without an instance. */
  method(name: string): ((...args: unknown[]) => unknown) | undefined {
    const found = this.isShared
      ? this.memberOfInstance(name)
      : methodIn(this.type?.prototype as object | undefined, name);
    return typeof found === 'function' ? (found as (...args: unknown[]) => unknown) : undefined;
  }

  private memberOfInstance(name: string): unknown {
    try {
      return (this.wrapper.instance as Record<string, unknown>)[name];
    } catch {
      // A getter that throws is no method.
      return undefined;
    }
  }
}

/** Looks along the prototypes without calling a getter, which would run on no instance. */
function methodIn(prototype: object | undefined, name: string): unknown {
  for (let each: object | null = prototype ?? null; each; each = Object.getPrototypeOf(each) as object | null) {
    const descriptor = Object.getOwnPropertyDescriptor(each, name);
    if (descriptor) return descriptor.value;
  }
  return undefined;
}
