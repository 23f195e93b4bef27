import {
  Inject,
  Module,
  type DynamicModule,
  type NestModule,
  type OnModuleInit,
  type Provider,
  type Type,
} from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost } from '@nestjs/core';
import { OptionsError } from '../errors/definition-errors.js';
import {
  basePath,
  httpOptionFaults,
  resolveHttpOptions,
  type JobSchedulerHttpOptions,
  type ResolvedHttpOptions,
  HTTP_OPTIONS,
  OPENAPI,
} from './http-options.js';
import { bindController } from './bind-controller.js';
import { DeadLettersController } from './dead-letters.controller.js';
import { ExecutionsController } from './executions.controller.js';
import { JobDetails } from './jobs/job-details.js';
import { JobResource } from './jobs/job-resource.js';
import { JobsController } from './jobs/jobs.controller.js';
import { LogStreamController } from './streams/log-stream.controller.js';
import { OutsideControllers } from './outside-controllers.js';
import { describeControllers } from './openapi/describe-controllers.js';
import { Presenter } from './present.js';
import { QueuesController } from './queues.controller.js';
import { Replies } from './replies.js';
import { TargetsController } from './targets.controller.js';

/** With the part of the OpenAPI document in which they stand. */
const CONTROLLERS: ReadonlyMap<Type<object>, string> = new Map<Type<object>, string>([
  [JobsController, 'Jobs'],
  [ExecutionsController, 'Executions'],
  [LogStreamController, 'Streams'],
  [QueuesController, 'Queues'],
  [TargetsController, 'Targets'],
  [DeadLettersController, 'Dead letters'],
]);

/**
 * The HTTP API of the job scheduler, on Express and Fastify. Import it beside `JobSchedulerModule`.
 *
 * @example
 * ```ts
 * JobSchedulerHttpModule.register({ guards: [AdminGuard], imports: [AuthModule] })
 * ```
 */
@Module({})
export class JobSchedulerHttpModule implements NestModule, OnModuleInit {
  constructor(
    private readonly http: HttpAdapterHost,
    private readonly config: ApplicationConfig,
    @Inject(HTTP_OPTIONS) private readonly options: ResolvedHttpOptions,
  ) {}

  /** @throws OptionsError at boot, with every fault of the options: also when it is not said who may use the API. */
  static register(options: JobSchedulerHttpOptions): DynamicModule {
    const faults = httpOptionFaults(options ?? {});
    if (faults.length > 0)
      return {
        module: JobSchedulerHttpModule,
        providers: [failing(new OptionsError(faults, 'JobSchedulerHttpModule'))],
      };
    const resolved = resolveHttpOptions(options);
    return {
      module: JobSchedulerHttpModule,
      imports: options.imports ?? [],
      controllers: [...CONTROLLERS.keys()].map((controller) =>
        bindController(controller, resolved.path, resolved.guards),
      ),
      providers: [
        { provide: HTTP_OPTIONS, useValue: resolved },
        // Nest waits for it before it hands out the app, of which then documents are made.
        { provide: OPENAPI, useFactory: () => describeControllers(CONTROLLERS) },
        JobResource,
        JobDetails,
        Presenter,
        Replies,
      ],
    };
  }

  /** Nest calls it before the app has its routes, and `onModuleInit` after that. */
  configure(): void {
    this.outside()?.beforeRoutes();
  }

  onModuleInit(): void {
    this.outside()?.afterRoutes();
  }

  /** Undefined in an app that does not listen. */
  private outside(): OutsideControllers | undefined {
    const { httpAdapter } = this.http;
    const { config, options } = this;
    return httpAdapter && new OutsideControllers(httpAdapter, basePath(config, options), options.exposeErrors);
  }
}

/** Wrong options are told where all faults of a boot are: not while files are still being imported. */
function failing(error: OptionsError): Provider {
  return {
    provide: HTTP_OPTIONS,
    useFactory: () => {
      throw error;
    },
  };
}
