import type { AnyClass } from '../../definition/job-ref.js';
import type { ProviderWrapper } from './found-provider.js';

export function isClassProvider(wrapper: ProviderWrapper): boolean {
  return !wrapper.isNotMetatype;
}

export function isScopedFactory(wrapper: ProviderWrapper): boolean {
  return wrapper.isFactory && (wrapper.isTransient || !wrapper.isDependencyTreeStatic());
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** The class of what is provided; undefined for a plain object and for what is no object. */
export function typeOf(wrapper: ProviderWrapper): AnyClass | undefined {
  if (isClassProvider(wrapper)) return isClass(wrapper.metatype) ? wrapper.metatype : undefined;
  try {
    const instance: unknown = wrapper.instance;
    const type: unknown = isObject(instance) ? instance.constructor : undefined;
    return isClass(type) && type !== Object ? type : undefined;
  } catch {
    // Proxies of other libraries throw when they are looked at outside their context.
    return undefined;
  }
}

/** Not an arrow function, nor what a proxy answers to everything: those have no prototype to look for decorators on. */
function isClass(value: unknown): value is AnyClass {
  return typeof value === 'function' && typeof value.prototype === 'object' && value.prototype !== null;
}

/** For messages. */
export function moduleOf(wrapper: ProviderWrapper): string {
  return wrapper.host?.name ?? 'an unknown module';
}
