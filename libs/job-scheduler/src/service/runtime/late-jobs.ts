import { Injectable } from '@nestjs/common';
import type { JobOptions } from '../../definition/job-options.js';
import { OwnLogger } from '../../common/own-logger.js';
import type { JobFunction } from '../../discovery/handlers/function-invoker.js';
import { JobDiscovery } from '../../discovery/job-discovery.js';
import { JobRegistrar } from '../../discovery/job-registrar.js';
import { ListenerCalls } from '../../events/listener-calls.js';
import { StoreHolder } from '../../store/store-holder.js';
import { SchedulerRuntime } from './scheduler-runtime.js';

/** Jobs that discovery does not find at boot: they have no decorator, or come later. */
@Injectable()
export class LateJobs {
  private readonly logger = new OwnLogger();

  constructor(
    private readonly registrar: JobRegistrar,
    private readonly discovery: JobDiscovery,
    private readonly listeners: ListenerCalls,
    private readonly runtime: SchedulerRuntime,
    private readonly holder: StoreHolder,
  ) {}

  /** @throws JobDefinitionError */
  register(options: JobOptions & { name: string }, handler: JobFunction): void {
    const { checked } = this.registrar.register(options, handler);
    if (!this.runtime.isRunning) return;
    checked
      .then(() => this.runtime.refreshSchedules())
      .catch((error: Error) =>
        this.logger.error(`Job "${options.name}" was registered, but not scheduled: ${error.message}`),
      );
  }

  /** @throws JobDefinitionError */
  async discover(): Promise<void> {
    this.listeners.add(await this.discovery.discoverMore());
    if (!this.runtime.isRunning) return;
    await this.holder.run('discover jobs', () => this.runtime.refreshSchedules());
  }
}
