import type { Logger } from '@nestjs/common';
import type { JobDiscovery } from '../discovery/job-discovery.js';
import type { Clock } from '../definition/clock.js';
import { within } from '../definition/within.js';
import type { ResolvedOptions } from '../options/resolved-options.js';
import type { StoreHolder } from '../store/store-holder.js';
import type { FinishWatcher } from './finish-watcher.js';
import type { LockService } from './lock-service.js';
import type { QueueHub } from './queue-hub.js';
import type { SchedulerRuntime } from './scheduler-runtime.js';

/** How long queues may take to close, in milliseconds. */
const CLOSE_WITHIN = 2_000;

/** What happens at boot and at the end, in order. Called by the lifecycle hooks. */
export class JobSchedulerBoot {
  private closing: Promise<void> | undefined;

  constructor(
    private readonly options: ResolvedOptions,
    private readonly discovery: JobDiscovery,
    private readonly runtime: SchedulerRuntime,
    private readonly holder: StoreHolder,
    private readonly hub: QueueHub,
    private readonly watcher: FinishWatcher,
    private readonly locks: LockService,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  async discover(): Promise<void> {
    await this.discovery.discover();
    this.warnOfUnenforced();
  }

  async open(): Promise<void> {
    await this.runtime.open();
    if (!this.options.autoStart) return;
    try {
      await this.runtime.start();
    } catch (error) {
      // Nest calls no hook after a failed boot: nothing may stay open.
      await this.close();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.runtime.stop();
  }

  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  /** Options that are understood, and do nothing yet, must not pass in silence. */
  private warnOfUnenforced(): void {
    const bounded = [...this.options.queues.values()].filter(({ maxWaiting }) => maxWaiting !== undefined);
    if (bounded.length === 0) return;
    this.logger.warn(
      `Option "maxWaiting" has no effect in this version. Set by: ${bounded.map(({ name }) => name).join(', ')}`,
    );
  }

  private async closeAll(): Promise<void> {
    await this.runtime
      .stop()
      .catch((error: Error) => this.logger.warn(`The workers did not stop well: ${error.message}`));
    // A store that is away must not keep the app from closing.
    const closing = [this.watcher.close(), this.hub.close(), this.locks.close()];
    await within(Promise.allSettled(closing), this.clock, CLOSE_WITHIN);
    await this.holder.close();
  }
}
