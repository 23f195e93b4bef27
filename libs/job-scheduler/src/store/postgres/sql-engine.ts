import { Queue } from 'bullmq';
import type { BackendFactory, IQueueBackend } from 'bullmq';
import { EventStream } from '../event-stream.js';
import type { EngineEvents, EngineQueue, QueueEngine } from '../ports.js';
import type { StoreDeadline } from '../store-deadline.js';

/** BullMQ wants something here; its backends get the store's own connections. */
const CONNECTION = { store: 'sql' };

/** BullMQ on PostgreSQL. The schema is the namespace: there is no prefix. */
export class SqlEngine implements QueueEngine {
  constructor(
    readonly backend: BackendFactory<IQueueBackend, unknown>,
    private readonly deadline: StoreDeadline,
  ) {}

  queue(name: string, options: Parameters<QueueEngine['queue']>[1] = {}): EngineQueue {
    const queue: EngineQueue = new Queue(
      name,
      { ...options, connection: CONNECTION },
      this.deadline.guard(this.backend),
    );
    // The store tells when it is lost; BullMQ writes errors that nobody listens to on the console.
    queue.on('error', () => undefined);
    return queue;
  }

  events(name: string): EngineEvents {
    return new EventStream(name, this.workerOptions(), this.backend);
  }

  workerOptions(): { connection: unknown } {
    return { connection: CONNECTION };
  }

  /** NOTIFY reaches every process. */
  handOn(): Promise<void> {
    return Promise.resolve();
  }
}
