import type { MarkerStore } from '../ports/ports.js';
import type { StoreDeadline } from '../store-deadline.js';
import type { RedisConnections } from './connection/redis-connections.js';
import type { RedisKeys } from './redis-keys.js';

export class RedisMarkerStore implements MarkerStore {
  constructor(
    private readonly connections: RedisConnections,
    private readonly keys: RedisKeys,
    private readonly deadline: StoreDeadline,
  ) {}

  async keep(key: string, value: string): Promise<string> {
    const client = this.connections.producer;
    const [, kept] = await this.deadline.run(
      Promise.all([client.hsetnx(this.keys.markers, key, value), client.hget(this.keys.markers, key)]),
    );
    return kept ?? value;
  }

  async get(key: string): Promise<string | undefined> {
    return (await this.deadline.run(this.connections.producer.hget(this.keys.markers, key))) ?? undefined;
  }
}
