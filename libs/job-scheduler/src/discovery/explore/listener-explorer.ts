import { Injectable } from '@nestjs/common';
import { DiscoveryService, ModulesContainer } from '@nestjs/core';
import { JOB_EVENT_TYPES, type JobEvent } from '../../definition/job-event.js';
import type { AnyClass, JobRef } from '../../definition/job-ref.js';
import { lastValueOf } from '../../common/last-value.js';
import { inspectShort } from '../../common/inspect-short.js';
import type { ListenerMetadata } from '../../decorators/metadata.js';
import { didYouMean } from '../../errors/did-you-mean.js';
import type { Fault } from '../../errors/fault.js';
import { JobUnknownError } from '../../errors/unknown-name-errors.js';
import { constructorFaults } from './constructor-faults.js';
import type { ListenerMethod } from '../event-listener.js';
import { ProviderCode, type ProviderWrapper } from './found-provider.js';
import { className } from '../job-declaration.js';
import type { JobRegistry } from '../job-registry.js';
import { enhancersOn, isDecorated, listenersOf, methodsOf, staticListenersOf } from './metadata-accessor.js';
import { ProviderInstances } from '../handlers/provider-instances.js';
import { isClassProvider, isObject, isScopedFactory, moduleOf, typeOf } from './provider-wrapper.js';

const OPTIONS = ['job'];

/** Listeners, and what is wrong with them. With faults they are not to be used. */
export interface FoundListeners {
  readonly listeners: readonly ListenerMethod[];
  readonly faults: readonly Fault[];
}

/** Finds the `@OnJobEvent()` methods of all providers and controllers. Starts nothing. */
@Injectable()
export class ListenerExplorer {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly modules: ModulesContainer,
  ) {}

  /**
   * @param jobs that are declared: once all of them are known.
   * @param knowsAll whether a job that is not among them can be none. A producer may not have them.
   * @param isNew whether a provider has not been looked at before.
   */
  explore(jobs: JobRegistry, knowsAll: boolean, isNew: (wrapper: ProviderWrapper) => boolean): FoundListeners {
    const faults: Fault[] = [];
    const listeners: ListenerMethod[] = [];
    const instances = new Set<unknown>();
    const types = new Set<AnyClass>();
    for (const wrapper of this.wrappers()) {
      const type = typeOf(wrapper);
      const token = typeof wrapper.token === 'function' ? (wrapper.token as AnyClass) : undefined;
      if (isScopedFactory(wrapper)) {
        if (token && listenersOf(token).length > 0) faults.push(scopedFactory(token, wrapper));
        continue;
      }
      if (!type || (!isClassProvider(wrapper) && !isObject(wrapper.instance))) continue;
      const code = new ProviderCode(wrapper, type);
      // A factory or value that gives the instance of another provider is an alias of that one.
      if (code.isShared && instances.has(wrapper.instance)) continue;
      instances.add(wrapper.instance);
      if (!isNew(wrapper)) continue;
      if (!types.has(type)) {
        faults.push(...shapeFaults(type, code, jobs, knowsAll));
        if (listenersOf(type).length > 0 && !isDecorated(type)) faults.push(...constructorFaults(wrapper, type));
      }
      types.add(type);
      const made = new ProviderInstances({ wrapper, code });
      for (const entry of listenersOf(type)) listeners.push(toListener(type, entry, made, jobs));
    }
    return { listeners, faults: [...faults, ...this.misplaced(types)] };
  }

  /** Classes first: their own instances are theirs. */
  private wrappers(): ProviderWrapper[] {
    const all = [...this.discovery.getProviders(), ...this.discovery.getControllers()];
    const own = all.filter((wrapper) => !wrapper.isAlias);
    return [...own.filter(isClassProvider), ...own.filter((wrapper) => !isClassProvider(wrapper))];
  }

  private misplaced(found: ReadonlySet<AnyClass>): Fault[] {
    const injectables = [...this.modules.values()].flatMap((module) => [...module.injectables.values()]);
    const types = new Set(injectables.map(({ metatype }) => metatype as AnyClass | null));
    return [...types].flatMap((type) => {
      if (typeof type !== 'function' || found.has(type) || listenersOf(type).length === 0) return [];
      const problem =
        'It has @OnJobEvent() methods, but is known to Nest as a guard, interceptor, pipe or filter only. Add it to the `providers` of a module too.';
      return [{ at: className(type), problem }];
    });
  }
}

function toListener(
  type: AnyClass,
  { method, types, options }: ListenerMetadata,
  instances: ProviderInstances,
  jobs: JobRegistry,
): ListenerMethod {
  return {
    at: `${className(type)}.${String(method)}`,
    types: new Set(types),
    job: options.job === undefined ? undefined : nameOf(options.job, jobs),
    call: async (event: JobEvent) => {
      const { instance } = await instances.open(event);
      await lastValueOf((instance as Record<string, (event: JobEvent) => unknown>)[String(method)]!(event));
    },
  };
}

/** Of a job that is not here: its name, as far as it is known, or one that no job has. */
function nameOf(ref: JobRef, jobs: JobRegistry): string {
  try {
    return jobs.require(ref).definition.name;
  } catch {
    if (typeof ref === 'string') return ref;
    return typeof ref === 'object' && 'jobName' in ref ? ref.jobName : '';
  }
}

function shapeFaults(type: AnyClass, code: ProviderCode, jobs: JobRegistry, knowsAll: boolean): Fault[] {
  const name = className(type);
  const statics = staticListenersOf(type).map(({ method }) => ({
    at: `${name}.${String(method)}`,
    problem: '@OnJobEvent() cannot stand on a static method. Make it an instance method.',
  }));
  const others = new Set(methodsOf(type).map(({ method }) => method));
  return [
    ...statics,
    ...listenersOf(type).flatMap((entry) => {
      const { method } = entry;
      const problems = [
        ...methodProblems(entry, code, others),
        ...typeProblems(entry),
        ...optionProblems(entry, jobs, knowsAll),
      ];
      return problems.map((problem) => ({ at: `${name}.${String(method)}`, problem }));
    }),
  ];
}

function methodProblems({ method }: ListenerMetadata, code: ProviderCode, others: ReadonlySet<string | symbol>) {
  if (typeof method === 'symbol') return ['@OnJobEvent() cannot stand on a symbol: give the method a name.'];
  const found = code.method(method);
  if (!found) return ['@OnJobEvent() stands on something that is not a method. Make it a method.'];
  const problems: string[] = [];
  if (others.has(method)) problems.push('It has @OnJobEvent() and is part of a job. Make two methods of it.');
  const [enhancer] = enhancersOn(found);
  if (enhancer) problems.push(`A ${enhancer.kind} has no effect on an @OnJobEvent() method. Remove it.`);
  return problems;
}

function typeProblems({ types }: ListenerMetadata): string[] {
  if (types.length === 0) return [`@OnJobEvent() names no event. Allowed: ${JOB_EVENT_TYPES.join(', ')}.`];
  return types
    .filter((type) => !JOB_EVENT_TYPES.includes(type))
    .map((type: unknown) => {
      const hint = typeof type === 'string' ? didYouMean(type, JOB_EVENT_TYPES, 'Allowed') : '';
      return `@OnJobEvent(): ${inspectShort(type)} is no event.${hint || ` Allowed: ${JOB_EVENT_TYPES.join(', ')}.`}`;
    });
}

function optionProblems({ options }: ListenerMetadata, jobs: JobRegistry, knowsAll: boolean): string[] {
  const problems = Object.keys(options)
    .filter((key) => !OPTIONS.includes(key))
    .map((key) => `${key}: There is no such option.${didYouMean(key, OPTIONS, 'Known')}`);
  // Written out, it is a reference that came to nothing: an import in a circle gives undefined.
  if (!('job' in options) || (options.job !== undefined && !knowsAll)) return problems;
  try {
    jobs.require(options.job as JobRef);
  } catch (error) {
    if (!(error instanceof JobUnknownError)) throw error;
    problems.push(`job: ${error.message}`);
  }
  return problems;
}

function scopedFactory(token: AnyClass, wrapper: ProviderWrapper): Fault {
  return {
    at: className(token),
    problem: `It has @OnJobEvent() methods, but is provided by a request-scoped or transient factory (in ${moduleOf(wrapper)}), whose instance is not known at boot. Provide the class itself, with @Injectable({ scope }), or make the factory a singleton.`,
  };
}
