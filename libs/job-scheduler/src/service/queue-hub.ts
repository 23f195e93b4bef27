import type { QueueSettings, ResolvedOptions } from '../options/resolved-options.js';
import { QueueUnknownError } from '../errors/unknown-name-errors.js';
import type { EngineQueue } from '../store/ports.js';
import type { StoreHolder } from '../store/store-holder.js';

/** The BullMQ queues of the module, one for each configured name. */
export class QueueHub {
  private readonly opened = new Map<string, EngineQueue>();

  constructor(
    private readonly options: ResolvedOptions,
    private readonly holder: StoreHolder,
    private readonly onError: (error: Error, queue: string) => void,
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
    this.settings(name);
    const store = this.holder.require(`use queue "${name}"`);
    let queue = this.opened.get(name);
    if (!queue) {
      const { telemetry } = this.options;
      queue = store.queues.queue(name, telemetry ? { telemetry } : {});
      queue.on('error', (error) => this.onError(error, name));
      this.opened.set(name, queue);
    }
    return queue;
  }

  all(): EngineQueue[] {
    return this.names().map((name) => this.get(name));
  }

  async close(): Promise<void> {
    const queues = [...this.opened.values()];
    this.opened.clear();
    await Promise.allSettled(queues.map((queue) => queue.close()));
  }
}
