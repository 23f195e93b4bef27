import type { Fault } from '../../errors/fault.js';
import type { EnhancerCreators } from './enhancer-creators.js';
import type { FoundProvider } from '../explore/found-provider.js';
import { className, type JobDeclaration } from '../job-declaration.js';
import { enhancersOn, type Enhancer } from '../explore/metadata-accessor.js';

const DECORATOR = { guard: '@UseGuards', interceptor: '@UseInterceptors', pipe: '@UsePipes', filter: '@UseFilters' };

/**
 * Enhancers that Nest would leave out without a word, or run before they are made: a guard that is not asked lets all pass.
 * @param creators of the global enhancers, where these run around jobs.
 */
export function findEnhancerFaults(
  provider: FoundProvider,
  jobs: readonly JobDeclaration[],
  creators: EnhancerCreators | undefined,
): readonly Fault[] {
  const faults: Fault[] = [];
  const name = className(provider.type);
  const handlers = new Set(jobs.flatMap(({ handler, steps }) => [handler, ...steps.map(({ method }) => method)]));
  const onClass = enhancersOn(provider.code.type);
  const onMethods = [...handlers].flatMap((method) => (method === undefined ? [] : onMethod(provider, method)));
  const own = [...onClass, ...onMethods];
  for (const { kind, enhancer } of new Map(own.map((each) => [each.enhancer, each])).values()) {
    if (isBound(provider, enhancer)) continue;
    faults.push({
      at: name,
      problem: `Nest does not make the ${kind} ${nameOf(enhancer)} for it, since it is provided by a factory, a value or an override. Provide the class itself, or give ${DECORATOR[kind]} an instance.`,
    });
  }
  for (const { onFailMethod } of jobs.slice(0, 1)) {
    const [first] = onFailMethod === undefined ? [] : onMethod(provider, onFailMethod);
    if (!first) continue;
    faults.push({
      at: `${name}.${onFailMethod}`,
      problem: `${DECORATOR[first.kind]} has no effect on an @OnJobFail() method. Remove it.`,
    });
  }
  if (creators) faults.push(...scopeFaults(name, provider, creators));
  return faults;
}

/** Transient enhancers are made for the class that they stand on at boot; for a job's DI context nobody makes them. */
function scopeFaults(name: string, provider: FoundProvider, creators: EnhancerCreators): Fault[] {
  const { scoped } = creators;
  const faults: Fault[] = [];
  const transient = scoped.find((each) => each.isTransient);
  if (transient) {
    faults.push({
      at: name,
      problem: `With globalEnhancers, ${String(transient.token)} is to run around it; but that is transient and is made for controllers only. Make it a singleton or request-scoped.`,
    });
  }
  const own = (provider.wrapper.getEnhancersMetadata() ?? []).find((each) => each.isTransient);
  if (own && scoped.length > 0 && provider.code.isShared) {
    faults.push({
      at: name,
      problem: `Its transient enhancer ${String(own.name)} cannot run together with a request-scoped global one. Make ${String(own.name)} a singleton or request-scoped.`,
    });
  }
  return faults;
}

function onMethod(provider: FoundProvider, method: string): readonly Enhancer[] {
  return enhancersOn(provider.code.method(method));
}

function isBound(provider: FoundProvider, enhancer: object): boolean {
  if (provider.code.type === undefined) return false;
  return typeof enhancer !== 'function' || provider.wrapper.host!.injectables.has(enhancer as never);
}

function nameOf(enhancer: object): string {
  return typeof enhancer === 'function' ? enhancer.name : 'given';
}
