import { DiscoveryService, ModulesContainer } from '@nestjs/core';
import { Injectable } from '@nestjs/common';
import type { AnyClass } from '../../definition/job-ref.js';
import type { Fault } from '../../errors/fault.js';
import { constructorFaults } from './constructor-faults.js';
import { className } from '../job-declaration.js';
import { ProviderCode, type FoundProvider, type ProviderWrapper } from './found-provider.js';
import { isClassProvider, isObject, isScopedFactory, moduleOf, typeOf } from './provider-wrapper.js';
import { isDecorated, jobBaseOf, jobsOn, ownMethodsOf } from './metadata-accessor.js';

/** Finds the providers that declare jobs, in all modules, and what can never run as one. Starts nothing. */
@Injectable()
export class ProviderExplorer {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly modules: ModulesContainer,
  ) {}

  /** Of all modules, as Nest knows them. */
  all(): readonly ProviderWrapper[] {
    return [...this.discovery.getProviders(), ...this.discovery.getControllers()];
  }

  explore(): { readonly providers: readonly FoundProvider[]; readonly faults: readonly Fault[] } {
    const faults: Fault[] = [];
    const found = new Map<AnyClass, FoundProvider[]>();
    const instances = new Set<unknown>();
    const wrappers = this.discovery.getProviders().filter((wrapper) => !wrapper.isAlias);
    // Classes first: a factory or value that gives the instance of another provider is an alias of that one.
    for (const wrapper of [...wrappers.filter(isClassProvider), ...wrappers.filter((each) => !isClassProvider(each))]) {
      const provider = this.providerOf(wrapper, faults);
      if (!provider) continue;
      if (provider.code.isShared) {
        if (instances.has(wrapper.instance)) continue;
        instances.add(wrapper.instance);
      }
      found.set(provider.type, [...(found.get(provider.type) ?? []), provider]);
    }
    for (const [type, providers] of found) {
      if (providers.length > 1) faults.push(providedTwice(type, providers));
    }
    return {
      providers: [...found.values()].flatMap(([first]) => first ?? []),
      faults: [...faults, ...this.misplaced(found)],
    };
  }

  private providerOf(wrapper: ProviderWrapper, faults: Fault[]): FoundProvider | undefined {
    const token = typeof wrapper.token === 'function' ? (wrapper.token as AnyClass) : undefined;
    if (isScopedFactory(wrapper)) {
      if (token && isDecorated(token)) faults.push(scopedFactory(token, wrapper));
      return undefined;
    }
    const type = typeOf(wrapper);
    const declaring = declaringClass(type, token);
    // A factory that gave nothing has switched its job off.
    if (!declaring || (!isClassProvider(wrapper) && !isObject(wrapper.instance))) return undefined;
    const base = jobBaseOf(declaring);
    if (base && jobsOn(declaring).length === 0) {
      faults.push(undecoratedSubclass(declaring, base));
      return undefined;
    }
    faults.push(...constructorFaults(wrapper, type));
    const knownAs = new Set([declaring, token, type].filter((each) => each !== undefined));
    return { type: declaring, knownAs: [...knownAs], wrapper, code: new ProviderCode(wrapper, type) };
  }

  /** Decorated classes where Nest will not let them be jobs. */
  private misplaced(found: ReadonlyMap<AnyClass, unknown>): Fault[] {
    const faults: Fault[] = [];
    for (const { metatype } of this.discovery.getControllers()) {
      if (typeof metatype !== 'function' || !isDecorated(metatype as AnyClass)) continue;
      faults.push({
        at: className(metatype as AnyClass),
        problem:
          'It declares jobs, but is a controller. Jobs are found in providers only: move them to a class that stands in `providers`.',
      });
    }
    const injectables = [...this.modules.values()].flatMap((module) => [...module.injectables.values()]);
    for (const type of new Set(injectables.map(({ metatype }) => metatype as AnyClass | null))) {
      if (typeof type !== 'function' || found.has(type) || !isDecorated(type)) continue;
      faults.push({
        at: className(type),
        problem:
          'It declares jobs, but is known to Nest as a guard, interceptor, pipe or filter only. Add it to the `providers` of a module too.',
      });
    }
    return faults;
  }
}

/** Its own class, if that says anything itself; else the token that it stands in for; else what it inherits. */
function declaringClass(type: AnyClass | undefined, token: AnyClass | undefined): AnyClass | undefined {
  if (type && (jobsOn(type).length > 0 || ownMethodsOf(type).length > 0)) return type;
  return [token, type].find((each) => each !== undefined && isDecorated(each));
}

function scopedFactory(token: AnyClass, wrapper: ProviderWrapper): Fault {
  return {
    at: className(token),
    problem: `It is provided by a request-scoped or transient factory (in ${moduleOf(wrapper)}), whose instance is not known at boot. Provide the class itself, with @Injectable({ scope }), or make the factory a singleton.`,
  };
}

function undecoratedSubclass(type: AnyClass, base: AnyClass): Fault {
  return {
    at: className(type),
    problem: `It extends ${className(base)}, which is a @Job(), but has no @Job() of its own. Add @Job({ name: … }) to it; or, if it is to stand in for ${className(base)}, provide it as { provide: ${className(base)}, useClass: ${className(type)} }; or, if another decorator wraps the class, put @Job() above that one.`,
  };
}

function providedTwice(type: AnyClass, providers: readonly FoundProvider[]): Fault {
  const places = providers.map(({ wrapper }) => `${moduleOf(wrapper)} (as ${tokenName(wrapper)})`).join(' and ');
  return {
    at: className(type),
    problem: `It is provided ${providers.length} times: in ${places}. Each would be an instance of its own with the same jobs. Provide it in one module and export it from there, or use { useExisting: ${className(type)} }.`,
  };
}

function tokenName(wrapper: ProviderWrapper): string {
  return typeof wrapper.token === 'function' ? wrapper.token.name : String(wrapper.token);
}
