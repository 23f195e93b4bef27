import { Inject, Injectable } from '@nestjs/common';
import { OwnLogger } from '../common/own-logger.js';
import { JobDefinitionError } from '../errors/definition-errors.js';
import type { Fault } from '../errors/fault.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/resolved-options.js';
import { readDeclarations } from './explore/declaration-reader.js';
import { buildDefinition } from './definition-builder.js';
import { EnhancerCreators } from './handlers/enhancer-creators.js';
import { findEnhancerFaults } from './handlers/enhancer-faults.js';
import type { ListenerMethod } from './event-listener.js';
import type { FoundProvider, ProviderWrapper } from './explore/found-provider.js';
import { HandlerBinding } from './handlers/handler-binding.js';
import { JobRegistry } from './job-registry.js';
import { findJobSetFaults } from './job-set-faults.js';
import { ListenerExplorer } from './explore/listener-explorer.js';
import { ProviderExplorer } from './explore/provider-explorer.js';
import type { RegisteredJob } from './registered-job.js';
import { findPayloadFaults } from './schedule-reader.js';

/** From the app's providers to jobs that can be called: accessor, explorer, builder and binding in turn. */
@Injectable()
export class JobDiscovery {
  private found: readonly ListenerMethod[] = [];
  private readonly logger = new OwnLogger();
  /** Providers that have been looked at. */
  private readonly known = new Set<ProviderWrapper>();

  constructor(
    private readonly explorer: ProviderExplorer,
    private readonly creators: EnhancerCreators,
    private readonly registry: JobRegistry,
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly listenerExplorer: ListenerExplorer,
  ) {}

  /** The `@OnJobEvent()` methods, once they are found. */
  get listeners(): readonly ListenerMethod[] {
    return this.found;
  }

  /**
   * Finds all declared jobs and puts them into the index, after those that were registered before. Once, at boot: when
   * every provider exists.
   * @throws JobDefinitionError with every fault of every job.
   */
  async discover(): Promise<void> {
    this.found = await this.look(this.knowsAll ? Object.keys(this.options.jobs) : []);
    this.registry.complete();
  }

  /**
   * Adds the jobs of providers that came later, in modules that are loaded lazily, and gives their listeners.
   * @throws JobDefinitionError with every fault of every new job; then nothing is added.
   */
  discoverMore(): Promise<readonly ListenerMethod[]> {
    return this.look([]);
  }

  /** Adds what is new, once it is checked together with what is known. @param overrides names in the module's `jobs` to check. */
  private async look(overrides: readonly string[]): Promise<readonly ListenerMethod[]> {
    const fresh = new Set(this.explorer.all().filter((wrapper) => !this.known.has(wrapper)));
    const { providers, faults } = this.explorer.explore();
    const found = providers.filter(({ wrapper }) => fresh.has(wrapper)).map((provider) => this.jobsOf(provider));
    const declared = found.flatMap(({ jobs }) => jobs);
    const known = this.known.size > 0 ? [] : this.registry.all();
    const payloads = await Promise.all([...known, ...declared].map(({ definition }) => findPayloadFaults(definition)));
    // From here on in one go: nothing is registered in between.
    const registry = this.registry.with(...declared);
    const { listeners, faults: listenerFaults } = this.listenerExplorer.explore(registry, this.knowsAll, (wrapper) =>
      fresh.has(wrapper),
    );
    const allFaults = [
      ...faults,
      ...found.flatMap((each) => each.faults),
      ...findJobSetFaults([...this.registry.all(), ...declared], registry, overrides),
      ...payloads.flat(),
      ...listenerFaults,
    ];
    if (allFaults.length > 0) throw new JobDefinitionError(allFaults);
    for (const wrapper of fresh) this.known.add(wrapper);
    for (const job of declared) this.registry.add(job);
    this.warnOfShortNames(declared);
    return listeners;
  }

  private jobsOf(provider: FoundProvider): { jobs: readonly RegisteredJob[]; faults: readonly Fault[] } {
    const { jobs: declarations, faults } = readDeclarations(provider);
    const built = declarations.map((declaration) => ({
      declaration,
      ...buildDefinition(declaration, this.options),
    }));
    return {
      jobs: built.map(({ declaration, definition }) => ({
        definition,
        invoker: new HandlerBinding(provider, declaration, this.creators, this.options.globalEnhancers),
        provider: {
          type: provider.type,
          method: declaration.method,
          knownAs: provider.knownAs,
        },
      })),
      faults: [
        ...faults,
        ...built.flatMap((each) => each.faults),
        ...findEnhancerFaults(provider, declarations, this.options.globalEnhancers ? this.creators : undefined),
      ],
    };
  }

  /** What a bundler made of a class's name changes with the next build: stored jobs and schedules then find no job. */
  private warnOfShortNames(jobs: readonly RegisteredJob[]): void {
    const names = jobs.filter(({ provider, definition }) => {
      const { name } = provider!.type;
      const own = provider!.method === undefined ? name : `${name}.${provider!.method}`;
      return name.length <= 2 && definition.name === own;
    });
    if (names.length === 0) return;
    this.logger.warn(
      `These jobs have their names of classes with very short names, as minifiers make them: ${names.map(({ definition }) => definition.name).join(', ')}. The next build may name them otherwise, and what is stored would find no job. Name them: @Job({ name: … }), or let the minifier keep names.`,
    );
  }

  /** A producer may share its configuration and code with workers whose jobs it does not have. */
  private get knowsAll(): boolean {
    const { roles } = this.options;
    return roles.has('worker') || roles.has('scheduler');
  }
}
