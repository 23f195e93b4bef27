import {
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { JobSchedulerBoot } from './service/job-scheduler-boot.js';

/**
 * The only Nest hooks of the library: its boot order and its stop order.
 * It stands in the outer, not global module, so that it starts after the app's other imports and drains before them.
 */
@Injectable()
export class JobSchedulerLifecycle
  implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown
{
  constructor(private readonly boot: JobSchedulerBoot) {}

  /** Finds and checks the declared jobs: a fault stops the boot before anything is opened. */
  async onModuleInit(): Promise<void> {
    await this.boot.discover();
  }

  /** Opens the store; with `autoStart`, schedules are reconciled and jobs run from here on. */
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
