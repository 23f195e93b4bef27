import type { HeartbeatStore } from '../ports/ports.js';
import type { StoreDeadline } from '../store-deadline.js';
import type { RedisConnections } from './connection/redis-connections.js';
import type { RedisKeys } from './redis-keys.js';

export class RedisHeartbeatStore implements HeartbeatStore {
  constructor(
    private readonly connections: RedisConnections,
    private readonly keys: RedisKeys,
    private readonly deadline: StoreDeadline,
  ) {}

  async beat(worker: string, ttl: number): Promise<void> {
    await this.deadline.run(this.connections.producer.jobsHeartbeat(this.keys.workers, worker, Math.ceil(ttl)));
  }

  async leave(worker: string): Promise<void> {
    await this.deadline.run(this.connections.producer.zrem(this.keys.workers, worker));
  }

  alive(): Promise<string[]> {
    return this.deadline.run(this.connections.producer.jobsLiveWorkers(this.keys.workers));
  }
}
