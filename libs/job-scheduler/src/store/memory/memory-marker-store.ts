import type { OpenMemory } from '#bullmq-memory/extend';
import type { MarkerStore } from '../ports/ports.js';

export class MemoryMarkerStore implements MarkerStore {
  private readonly markers: Map<string, string>;

  constructor(memory: OpenMemory) {
    this.markers = memory.part('facts', () => new Map());
  }

  async keep(key: string, value: string): Promise<string> {
    const known = this.markers.get(key);
    if (known === undefined) this.markers.set(key, value);
    return known ?? value;
  }

  async get(key: string): Promise<string | undefined> {
    return this.markers.get(key);
  }
}
