import { Inject, Injectable } from '@nestjs/common';
import { ContextIdFactory, ModulesContainer } from '@nestjs/core';
import { OwnLogger } from '../../common/own-logger.js';
import { JobDiscovery } from '../../discovery/job-discovery.js';
import { Clock } from '../../common/clock.js';
import { settlesWithin } from '../../common/promises.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../../options/resolved-options.js';
import { StoreHolder } from '../../store/store-holder.js';
import { EventBus } from '../../events/event-bus.js';
import { FinishWatcher } from '../../jobs/finish-watcher.js';
import { ListenerCalls } from '../../events/listener-calls.js';
import { LockService } from '../locks/lock-service.js';
import { BullQueues } from '../../queues/bull-queues.js';
import { QueueCapacity } from '../../queues/queue-capacity.js';
import { SchedulerRuntime } from './scheduler-runtime.js';

/** How long queues may take to close, in milliseconds. */
const CLOSE_WITHIN = 2_000;
/** How long listeners may take over the last events, in milliseconds. */
const TELL_WITHIN = 1_000;

/** Whether Nest is still making providers: not all jobs can be found yet. */
function isMakingProviders(modules: ModulesContainer): boolean {
  // What is no request's has one instance, whatever context it is asked for.
  const context = ContextIdFactory.create();
  for (const { providers } of modules.values()) {
    for (const wrapper of providers.values()) {
      if (!wrapper.isDependencyTreeStatic()) continue;
      const { isPending, isResolved } = wrapper.getInstanceByContextId(context);
      if (isPending && !isResolved) return true;
    }
  }
  return false;
}

/** What happens at boot and at the end, in order. Called by the lifecycle hooks. */
@Injectable()
export class JobSchedulerBoot {
  private closing: Promise<void> | undefined;
  private discovering: Promise<void> | undefined;
  private opening: Promise<void> | undefined;
  private readonly logger = new OwnLogger();

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly discovery: JobDiscovery,
    private readonly runtime: SchedulerRuntime,
    private readonly holder: StoreHolder,
    private readonly queues: BullQueues,
    private readonly watcher: FinishWatcher,
    private readonly locks: LockService,
    private readonly clock: Clock,
    private readonly events: EventBus,
    private readonly listeners: ListenerCalls,
    private readonly capacity: QueueCapacity,
    private readonly modules: ModulesContainer,
  ) {
    holder.openWith(() => this.openEarly());
  }

  /** Once: what is declared stays the same, right or wrong. */
  discover(): Promise<void> {
    this.discovering ??= this.discoverAll();
    return this.discovering;
  }

  async open(): Promise<void> {
    const { runtime, options } = this;
    await this.openStore();
    if (!options.autoStart) return;
    try {
      await runtime.start();
    } catch (error) {
      // Nest calls no hook after a failed boot: nothing may stay open.
      await this.close();
      throw error;
    }
  }

  /** For calls in hooks that come before the module's own: nothing starts yet, the store only opens. Too early, it does not. */
  private async openEarly(): Promise<void> {
    if (this.closing || isMakingProviders(this.modules)) return;
    await this.openStore();
  }

  private openStore(): Promise<void> {
    if (this.holder.isOpen) return Promise.resolve();
    this.opening ??= this.discover()
      .then(() => this.runtime.open())
      // The next one tries again.
      .finally(() => (this.opening = undefined));
    return this.opening;
  }

  private async discoverAll(): Promise<void> {
    const { discovery, listeners } = this;
    await discovery.discover();
    listeners.add(discovery.listeners);
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
    const { events, listeners, clock } = this;
    await settlesWithin(
      events.settle().then(() => listeners.whenIdle()),
      clock,
      TELL_WITHIN,
    );
  }

  private async closeAll(): Promise<void> {
    // What is just being opened would stay open.
    await this.opening?.catch(() => undefined);
    const { runtime, capacity, watcher, queues, locks, events, clock, holder } = this;
    await runtime.stop().catch((error: Error) => this.logger.warn(`The workers did not stop well: ${error.message}`));
    // A store that is away must not keep the app from closing.
    const closing = [capacity.close(), watcher.close(), queues.close(), locks.close(), events.close()];
    await settlesWithin(Promise.allSettled(closing), clock, CLOSE_WITHIN);
    await holder.close();
  }
}
