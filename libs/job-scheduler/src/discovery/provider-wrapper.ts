import type { AnyClass } from '../definition/job-ref.js';
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
  if (isClassProvider(wrapper)) return wrapper.metatype as AnyClass;
  try {
    const instance: unknown = wrapper.instance;
    const type: unknown = isObject(instance) ? instance.constructor : undefined;
    return typeof type === 'function' && type !== Object ? (type as AnyClass) : undefined;
  } catch {
    // Proxies of other libraries throw when they are looked at outside their context.
    return undefined;
  }
}

/** For messages. */
export function moduleOf(wrapper: ProviderWrapper): string {
  return wrapper.host?.name ?? 'an unknown module';
}
