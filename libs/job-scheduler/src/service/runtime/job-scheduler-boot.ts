import { ContextIdFactory, type ModulesContainer } from '@nestjs/core';
import { OwnLogger } from '../../common/own-logger.js';
import type { JobDiscovery } from '../../discovery/job-discovery.js';
import type { Clock } from '../../common/clock.js';
import { settlesWithin } from '../../common/settles-within.js';
import type { ResolvedOptions } from '../../options/resolved-options.js';
import type { StoreHolder } from '../../store/store-holder.js';
import type { EventBus } from '../../events/event-bus.js';
import type { FinishWatcher } from '../../jobs/finish-watcher.js';
import type { ListenerCalls } from '../../events/listener-calls.js';
import type { LockService } from '../locks/lock-service.js';
import type { BullQueues } from '../../queues/bull-queues.js';
import type { QueueCapacity } from '../../queues/queue-capacity.js';
import type { SchedulerRuntime } from './scheduler-runtime.js';

/** How long queues may take to close, in milliseconds. */
const CLOSE_WITHIN = 2_000;
/** How long listeners may take over the last events, in milliseconds. */
const TELL_WITHIN = 1_000;

/** What `JobSchedulerBoot` is made of. */
export interface JobSchedulerBootParts {
  readonly options: ResolvedOptions;
  readonly discovery: JobDiscovery;
  readonly runtime: SchedulerRuntime;
  readonly holder: StoreHolder;
  readonly hub: BullQueues;
  readonly watcher: FinishWatcher;
  readonly locks: LockService;
  readonly clock: Clock;
  readonly events: EventBus;
  readonly listeners: ListenerCalls;
  readonly room: QueueCapacity;
  readonly modules: ModulesContainer;
}

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
export class JobSchedulerBoot {
  private closing: Promise<void> | undefined;
  private discovering: Promise<void> | undefined;
  private opening: Promise<void> | undefined;
  private readonly logger = new OwnLogger();

  constructor(private readonly parts: JobSchedulerBootParts) {
    parts.holder.openWith(() => this.openEarly());
  }

  /** Once: what is declared stays the same, right or wrong. */
  discover(): Promise<void> {
    this.discovering ??= this.discoverAll();
    return this.discovering;
  }

  async open(): Promise<void> {
    const { runtime, options } = this.parts;
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
    if (this.closing || isMakingProviders(this.parts.modules)) return;
    await this.openStore();
  }

  private openStore(): Promise<void> {
    if (this.parts.holder.isOpen) return Promise.resolve();
    this.opening ??= this.discover()
      .then(() => this.parts.runtime.open())
      // The next one tries again.
      .finally(() => (this.opening = undefined));
    return this.opening;
  }

  private async discoverAll(): Promise<void> {
    const { discovery, listeners } = this.parts;
    await discovery.discover();
    listeners.add(discovery.listeners);
  }

  async stop(): Promise<void> {
    await this.parts.runtime.stop();
    await this.tellLast();
  }

  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  /** What happened last is told while listeners can still work. */
  private async tellLast(): Promise<void> {
    const { events, listeners, clock } = this.parts;
    await settlesWithin(
      events.settle().then(() => listeners.whenIdle()),
      clock,
      TELL_WITHIN,
    );
  }

  private async closeAll(): Promise<void> {
    // What is just being opened would stay open.
    await this.opening?.catch(() => undefined);
    const { runtime, room, watcher, hub, locks, events, clock, holder } = this.parts;
    await runtime.stop().catch((error: Error) => this.logger.warn(`The workers did not stop well: ${error.message}`));
    // A store that is away must not keep the app from closing.
    const closing = [room.close(), watcher.close(), hub.close(), locks.close(), events.close()];
    await settlesWithin(Promise.allSettled(closing), clock, CLOSE_WITHIN);
    await holder.close();
  }
}
