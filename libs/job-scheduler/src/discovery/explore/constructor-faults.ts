import { Inject, Optional } from '@nestjs/common';
import type { AnyClass } from '../../definition/job-ref.js';
import type { Fault } from '../../errors/fault.js';
import { isClassProvider } from './provider-wrapper.js';
import type { ProviderWrapper } from './found-provider.js';
import { className } from '../job-declaration.js';

/** Where TypeScript keeps the types of a constructor's parameters. */
const PARAMETER_TYPES = 'design:paramtypes';
/** Where these keep what they say of them. Asked of Nest's own decorators, so that it is right in every version. */
const INJECTED = keyOf(Inject('probe'));
const OPTIONAL = keyOf(Optional());

function keyOf(decorator: ParameterDecorator): string {
  class Probe {}
  decorator(Probe, undefined, 0);
  return (Reflect.getOwnMetadataKeys(Probe) as string[]).find((key) => key !== PARAMETER_TYPES)!;
}

/** Parameters of a constructor that Nest does not know of: it would leave them undefined, in silence, until the first run. */
export function constructorFaults(wrapper: ProviderWrapper, type: AnyClass | undefined): readonly Fault[] {
  if (!isClassProvider(wrapper) || type === undefined) return [];
  const types = (Reflect.getMetadata(PARAMETER_TYPES, type) ?? []) as readonly unknown[];
  const injected = (Reflect.getMetadata(INJECTED, type) ?? []) as readonly { readonly index: number }[];
  const optional = (Reflect.getMetadata(OPTIONAL, type) ?? []) as readonly number[];
  const isKnown = (index: number) =>
    index in types || optional.includes(index) || injected.some((each) => each.index === index);
  const unknown = Array.from({ length: type.length }, (_, index) => index).find((index) => !isKnown(index));
  if (unknown === undefined) return [];
  const problem = `Nest cannot know what its constructor takes at index [${unknown}], and would leave it undefined. Put @Injectable() on the class, with "emitDecoratorMetadata" in the compiler's options; or @Inject() on each parameter, which compilers without that (esbuild, tsx) need.`;
  return [{ at: className(type), problem }];
}
