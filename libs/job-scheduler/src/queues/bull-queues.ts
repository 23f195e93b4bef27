import { Inject, Injectable } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { OwnLogger } from '../common/own-logger.js';
import { RESOLVED_OPTIONS, type QueueSettings, type ResolvedOptions } from '../options/resolved-options.js';
import { QueueUnknownError } from '../errors/unknown-name-errors.js';
import type { EngineQueue } from '../store/ports/ports.js';
import { lazyQueue } from '../store/lazy-queue.js';
import { StoreHolder } from '../store/store-holder.js';

/** The BullMQ queues of the module, one for each configured name. */
@Injectable()
export class BullQueues {
  private readonly opened = new Map<string, EngineQueue>();
  private readonly bounded = new Map<string, EngineQueue>();
  private readonly logger = new OwnLogger();

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly holder: StoreHolder,
  ) {}

  names(): string[] {
    return [...this.options.queues.keys()];
  }

  /** @throws QueueUnknownError */
  settings(name: string): QueueSettings {
    const settings = this.options.queues.get(name);
    if (!settings) throw new QueueUnknownError(name, this.names());
    return settings;
  }

  /** @throws QueueUnknownError, NotStartedError */
  get(name: string): EngineQueue {
    return this.open(name, this.opened, undefined);
  }

  /** The queue for those whose jobs `maxWaiting` refuses: adding to it throws QueueFullError. @throws QueueUnknownError, NotStartedError */
  getBounded(name: string): EngineQueue {
    const { maxWaiting } = this.settings(name);
    return maxWaiting === undefined ? this.get(name) : this.open(name, this.bounded, maxWaiting);
  }

  /** A queue of the fleet that need not be configured here. @throws NotStartedError */
  getElsewhere(name: string): EngineQueue {
    return this.options.queues.has(name) ? this.get(name) : this.make(name, this.opened, undefined);
  }

  /** What `@InjectQueue(name)` injects. */
  lazy(name: string): Queue {
    const { holder } = this;
    return lazyQueue(name, {
      open: () => this.get(name),
      ready: () => holder.ready(),
      whenOpen: (work) => holder.whenOpen(work),
    });
  }

  all(): EngineQueue[] {
    return this.names().map((name) => this.get(name));
  }

  async close(): Promise<void> {
    const queues = [...this.opened.values(), ...this.bounded.values()];
    this.opened.clear();
    this.bounded.clear();
    await Promise.allSettled(queues.map((queue) => queue.close()));
  }

  private open(name: string, known: Map<string, EngineQueue>, maxWaiting: number | undefined): EngineQueue {
    this.settings(name);
    return this.make(name, known, maxWaiting);
  }

  private make(name: string, known: Map<string, EngineQueue>, maxWaiting: number | undefined): EngineQueue {
    const store = this.holder.require(`use queue "${name}"`);
    let queue = known.get(name);
    if (!queue) {
      const { telemetry } = this.options;
      queue = store.queues.queue(name, { ...(telemetry && { telemetry }), maxWaiting });
      queue.on('error', (error) => this.logger.debug(error.message));
      known.set(name, queue);
    }
    return queue;
  }
}
