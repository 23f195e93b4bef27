import { Queue, QueueEvents } from 'bullmq';
import type { BackendFactory, IQueueBackend, QueueBaseOptions } from 'bullmq';
import type { EngineEvents, EngineQueue, QueueEngine } from '../ports.js';
import { createMemoryBackend, type MemoryConnection } from './create-memory-backend.js';

const memoryBackend: BackendFactory<IQueueBackend, unknown> = (name, options, parts) =>
  createMemoryBackend(name, options as QueueBaseOptions<MemoryConnection>, parts);

/** BullMQ in the memory of this process. */
export class MemoryEngine implements QueueEngine {
  readonly backend = memoryBackend;

  constructor(
    private readonly connection: MemoryConnection,
    private readonly prefix: string,
  ) {}

  queue(name: string, options: Parameters<QueueEngine['queue']>[1] = {}): EngineQueue {
    const queue: EngineQueue = new Queue(name, { ...options, ...this.workerOptions() }, memoryBackend);
    queue.on('error', () => undefined);
    return queue;
  }

  events(name: string): EngineEvents {
    const events: EngineEvents = new QueueEvents(name, this.workerOptions(), memoryBackend);
    events.on('error', () => undefined);
    return events;
  }

  workerOptions(): { connection: unknown; prefix: string } {
    return { connection: this.connection, prefix: this.prefix };
  }

  /** Wake-ups reach all who wait. */
  async handOn(): Promise<void> {}
}
