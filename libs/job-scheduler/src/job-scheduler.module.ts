import {
  Module,
  type DynamicModule,
  type InjectionToken,
  type ModuleMetadata,
  type OptionalFactoryDependency,
  type Provider,
  type Type,
} from '@nestjs/common';
import { OptionsError } from './errors/definition-errors.js';
import { JobSchedulerCoreModule, MODULE_OPTIONS, QUEUE_NAMES } from './job-scheduler-core.module.js';
import { JobSchedulerLifecycle } from './job-scheduler.lifecycle.js';
import { DEFAULT_QUEUES } from './options/defaults.js';
import type { JobSchedulerOptions } from './options/job-scheduler-options.js';

/** A class that makes the options, for `forRootAsync({ useClass | useExisting })`. */
export interface JobSchedulerOptionsFactory {
  createJobSchedulerOptions(): JobSchedulerOptions | Promise<JobSchedulerOptions>;
}

export interface JobSchedulerAsyncOptions {
  imports?: ModuleMetadata['imports'];
  inject?: (InjectionToken | OptionalFactoryDependency)[];
  useFactory?: (...args: never[]) => JobSchedulerOptions | Promise<JobSchedulerOptions>;
  useClass?: Type<JobSchedulerOptionsFactory>;
  useExisting?: Type<JobSchedulerOptionsFactory>;
  /**
   * The queues that `@InjectQueue(name)` can inject: providers are named before the factory runs. Nest cannot resolve
   * `BullQueue_<name>` of any other.
   * Default: the default queues.
   */
  queueNames?: string[];
}

/**
 * Background and recurring jobs. Import it once, last among the imports of the app's root module;
 * `JobService` can then be injected everywhere.
 *
 * @example
 * ```ts
 * @Module({ imports: [JobSchedulerModule.forRoot({ connection: 'redis://localhost:6379' })], providers: [SendWelcome] })
 * export class AppModule {}
 * ```
 */
@Module({})
export class JobSchedulerModule {
  /** Nest makes it before it looks for what others inject of it, so that this is the error that is seen. */
  constructor() {
    if (new.target !== JobSchedulerModule) return;
    const problem = 'It is imported without options. Import JobSchedulerModule.forRoot({ connection: … }), once.';
    throw new OptionsError([{ at: 'JobSchedulerModule', problem }]);
  }

  /** @throws OptionsError at boot, with every fault of the options. */
  static forRoot(options: JobSchedulerOptions = {}): DynamicModule {
    return shell(
      JobSchedulerCoreModule.create(
        [
          { provide: MODULE_OPTIONS, useValue: options },
          { provide: QUEUE_NAMES, useValue: [] },
        ],
        [],
        queueNamesOf(options),
      ),
    );
  }

  /** As `forRoot`, with options from a factory that can inject. */
  static forRootAsync(options: JobSchedulerAsyncOptions): DynamicModule {
    const names = options.queueNames ?? Object.keys(DEFAULT_QUEUES);
    const named: Provider = { provide: QUEUE_NAMES, useValue: options.queueNames ?? [] };
    return shell(JobSchedulerCoreModule.create([...optionsProviders(options), named], options.imports, names));
  }
}

/**
 * The module that the app imports: not global, around the global core. Nest runs the bootstrap hooks of global modules
 * first and their destroy hooks last; the lifecycle is to start after the app's other imports and stop before them.
 */
function shell(core: DynamicModule): DynamicModule {
  return { module: ConfiguredModule, imports: [core], providers: [JobSchedulerLifecycle] };
}

/** The module with options: the class alone, in `imports`, is a mistake. */
class ConfiguredModule extends JobSchedulerModule {}
// Nest's log tells of modules by name.
Object.defineProperty(ConfiguredModule, 'name', { value: JobSchedulerModule.name });

/** Wrong options are told with all other faults, when they are resolved. */
function queueNamesOf({ queues }: JobSchedulerOptions): string[] {
  return Object.keys(typeof queues === 'object' && queues !== null ? queues : DEFAULT_QUEUES);
}

function optionsProviders({ inject, useFactory, useClass, useExisting }: JobSchedulerAsyncOptions): Provider[] {
  if (useFactory)
    return [{ provide: MODULE_OPTIONS, inject: inject ?? [], useFactory: useFactory as () => JobSchedulerOptions }];
  const factory = useExisting ?? useClass;
  if (!factory) throw new TypeError('JobSchedulerModule.forRootAsync() needs useFactory, useClass or useExisting.');
  const provider: Provider = {
    provide: MODULE_OPTIONS,
    inject: [factory],
    useFactory: (maker: JobSchedulerOptionsFactory | undefined) => {
      if (typeof maker?.createJobSchedulerOptions === 'function') return maker.createJobSchedulerOptions();
      const problem = `${factory.name || 'The class'} has no method createJobSchedulerOptions(), which gives the options.`;
      throw new OptionsError([{ at: useExisting ? 'useExisting' : 'useClass', problem }]);
    },
  };
  return useClass ? [useClass, provider] : [provider];
}
