import type { Logger } from '@nestjs/common';
import type { JobDiscovery } from '../discovery/job-discovery.js';
import type { Clock } from '../definition/clock.js';
import { within } from '../definition/within.js';
import type { ResolvedOptions } from '../options/resolved-options.js';
import type { StoreHolder } from '../store/store-holder.js';
import type { EventBus } from './event-bus.js';
import type { FinishWatcher } from './finish-watcher.js';
import type { ListenerCalls } from './listener-calls.js';
import type { LockService } from './lock-service.js';
import type { QueueHub } from './queue-hub.js';
import type { QueueRoom } from './queue-room.js';
import type { SchedulerRuntime } from './scheduler-runtime.js';

/** How long queues may take to close, in milliseconds. */
const CLOSE_WITHIN = 2_000;
/** How long listeners may take over the last events, in milliseconds. */
const TELL_WITHIN = 1_000;

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
    private readonly events: EventBus,
    private readonly listeners: ListenerCalls,
    private readonly room: QueueRoom,
  ) {}

  async discover(): Promise<void> {
    await this.discovery.discover();
    this.listeners.add(this.discovery.listeners);
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
    await this.tellLast();
  }

  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  /** What happened last is told while listeners can still work. */
  private async tellLast(): Promise<void> {
    await within(
      this.events.settle().then(() => this.listeners.whenIdle()),
      this.clock,
      TELL_WITHIN,
    );
  }

  private async closeAll(): Promise<void> {
    await this.runtime
      .stop()
      .catch((error: Error) => this.logger.warn(`The workers did not stop well: ${error.message}`));
    // A store that is away must not keep the app from closing.
    const closing = [
      this.room.close(),
      this.watcher.close(),
      this.hub.close(),
      this.locks.close(),
      this.events.close(),
    ];
    await within(Promise.allSettled(closing), this.clock, CLOSE_WITHIN);
    await this.holder.close();
  }
}
