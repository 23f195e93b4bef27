import { createRedisBackend, Queue } from 'bullmq';
import type { BackendFactory, IQueueBackend, QueueBaseOptions } from 'bullmq';
import { EventStream } from '../event-stream.js';
import type { EngineEvents, EngineQueue, QueueEngine } from '../ports.js';
import type { StoreDeadline } from '../store-deadline.js';
import type { RedisConnections } from './redis-connections.js';
import type { RedisKeys } from './redis-keys.js';

const redisBackend: BackendFactory<IQueueBackend, unknown> = (name, options, parts) =>
  createRedisBackend(name, options as QueueBaseOptions, parts);

/** BullMQ on Redis. Queues share the producer's connection; lanes share the worker's, and each has one more that blocks. */
export class RedisEngine implements QueueEngine {
  readonly backend = redisBackend;

  constructor(
    private readonly connections: RedisConnections,
    private readonly keys: RedisKeys,
    private readonly deadline: StoreDeadline,
    /** What BullMQ's workers send their commands through. */
    private readonly workerClient: () => unknown,
  ) {}

  queue(name: string, options: Parameters<QueueEngine['queue']>[1] = {}): EngineQueue {
    const queue: EngineQueue = new Queue(
      name,
      { ...options, connection: this.connections.producer, prefix: this.keys.bullPrefix(name) },
      this.deadline.guard(redisBackend),
    );
    // The store tells when it is lost; BullMQ writes errors that nobody listens to on the console.
    queue.on('error', () => undefined);
    return queue;
  }

  events(name: string): EngineEvents {
    return new EventStream(name, this.workerOptions(name), redisBackend);
  }

  workerOptions(name: string): { connection: unknown; prefix: string } {
    return { connection: this.workerClient(), prefix: this.keys.bullPrefix(name) };
  }

  async handOn(name: string, dueAt: number): Promise<void> {
    const marker = this.keys.marker(name);
    // A time that is sooner than ours stays.
    if (dueAt > 0) await this.connections.any.zadd(marker, 'LT', dueAt, '1');
    else await this.connections.any.zadd(marker, 0, '0');
  }
}
