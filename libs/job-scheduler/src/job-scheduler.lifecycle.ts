import {
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { OptionsError } from './errors/definition-errors.js';
import { JobSchedulerBoot } from './service/runtime/job-scheduler-boot.js';

/**
 * The only Nest hooks of the library: its boot order and its stop order.
 * It stands in the outer, not global module, so that it starts after the app's other imports and drains before them.
 */
@Injectable()
export class JobSchedulerLifecycle
  implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown
{
  constructor(
    private readonly boot: JobSchedulerBoot,
    private readonly modules: ModulesContainer,
  ) {}

  /** Finds and checks the declared jobs: a fault stops the boot before anything is opened. */
  async onModuleInit(): Promise<void> {
    const imports = [...this.modules.values()].filter((module) => module.providers.has(JobSchedulerLifecycle)).length;
    if (imports > 1) {
      const problem = `It is imported ${imports === 2 ? 'twice' : `${imports} times`}, with options of its own each. Import it once, in the root module: it is global.`;
      await this.boot.close();
      throw new OptionsError([{ at: 'JobSchedulerModule', problem }]);
    }
    await this.boot.discover();
  }

  /** Opens the store, unless a call in another hook has; with `autoStart`, schedules are reconciled and jobs run from here on. */
  async onApplicationBootstrap(): Promise<void> {
    await this.boot.open();
  }

  /** Stops schedules and fetching, and lets running jobs end. They can still enqueue. */
  async onModuleDestroy(): Promise<void> {
    await this.boot.stop();
  }

  /** Closes all connections that were opened here. */
  async onApplicationShutdown(): Promise<void> {
    await this.boot.close();
  }
}
