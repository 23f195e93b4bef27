import type { OpenMemory } from '#bullmq-memory/extend';
import type { HeartbeatStore } from '../ports/ports.js';

export class MemoryHeartbeatStore implements HeartbeatStore {
  /** When the time of each one runs out. */
  private readonly workers: Map<string, number>;

  constructor(private readonly memory: OpenMemory) {
    this.workers = memory.part('workers', () => new Map());
  }

  async beat(worker: string, ttl: number): Promise<void> {
    this.forget();
    this.workers.set(worker, this.memory.clock.now() + ttl);
  }

  async leave(worker: string): Promise<void> {
    this.workers.delete(worker);
  }

  async alive(): Promise<string[]> {
    this.forget();
    return [...this.workers.keys()];
  }

  private forget(): void {
    const now = this.memory.clock.now();
    for (const [worker, until] of this.workers) if (until <= now) this.workers.delete(worker);
  }
}
