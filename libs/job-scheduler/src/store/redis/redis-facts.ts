import type { FactStore, PresenceStore } from '../ports/ports.js';
import type { StoreDeadline } from '../store-deadline.js';
import type { RedisConnections } from './connection/redis-connections.js';
import type { RedisKeys } from './redis-keys.js';

export class RedisFactStore implements FactStore {
  constructor(
    private readonly connections: RedisConnections,
    private readonly keys: RedisKeys,
    private readonly deadline: StoreDeadline,
  ) {}

  async keep(key: string, value: string): Promise<string> {
    const client = this.connections.producer;
    const [, kept] = await this.deadline.run(
      Promise.all([client.hsetnx(this.keys.facts, key, value), client.hget(this.keys.facts, key)]),
    );
    return kept ?? value;
  }

  async get(key: string): Promise<string | undefined> {
    return (await this.deadline.run(this.connections.producer.hget(this.keys.facts, key))) ?? undefined;
  }
}

export class RedisPresenceStore implements PresenceStore {
  constructor(
    private readonly connections: RedisConnections,
    private readonly keys: RedisKeys,
    private readonly deadline: StoreDeadline,
  ) {}

  async beat(worker: string, ttl: number): Promise<void> {
    await this.deadline.run(this.connections.producer.jobsBeat(this.keys.workers, worker, Math.ceil(ttl)));
  }

  async leave(worker: string): Promise<void> {
    await this.deadline.run(this.connections.producer.zrem(this.keys.workers, worker));
  }

  alive(): Promise<string[]> {
    return this.deadline.run(this.connections.producer.jobsAlive(this.keys.workers));
  }
}
