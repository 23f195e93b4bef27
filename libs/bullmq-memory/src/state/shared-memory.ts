import type { MemoryJob } from './memory-job.js';
import { MemoryQueue } from './memory-queue.js';
import type { MemoryClock } from './clock.js';
import { Turns } from './turns.js';

/** A job and the queue that has it. */
export interface LocatedJob {
  readonly queue: MemoryQueue;
  readonly job: MemoryJob;
}

/** All that is kept under one name: queues, and what others keep beside them. */
export class SharedMemory {
  private readonly queues = new Map<string, MemoryQueue>();
  private readonly parts = new Map<string, unknown>();
  readonly turns = new Turns();
  /** Names of those that are connected, as BullMQ looks for its workers. */
  readonly clients = new Map<object, string>();

  constructor(readonly clock: MemoryClock) {}

  /** @param key `prefix:name`. */
  queue(key: string): MemoryQueue {
    let queue = this.queues.get(key);
    if (!queue) this.queues.set(key, (queue = new MemoryQueue(key, this.clock)));
    return queue;
  }

  /** What is kept under this key beside the queues, made at its first use. */
  part<T>(key: string, make: () => T): T {
    if (!this.parts.has(key)) this.parts.set(key, make());
    return this.parts.get(key) as T;
  }

  /** The job of a key `prefix:queue:id`; each of the three may hold colons. */
  locate(key: string | undefined): LocatedJob | undefined {
    if (key === undefined) return undefined;
    for (let colon = key.lastIndexOf(':'); colon > 0; colon = key.lastIndexOf(':', colon - 1)) {
      const queue = this.queues.get(key.slice(0, colon));
      const job = queue?.jobs.get(key.slice(colon + 1));
      if (queue && job) return { queue, job };
    }
    return undefined;
  }
}

const shared = new Map<string, { readonly memory: SharedMemory; users: number }>();

/** A use of what is kept under a name. */
export interface MemoryLease {
  readonly memory: SharedMemory;
  /** Safe to call twice. All is dropped when the last use ends. */
  readonly release: () => void;
}

/** @param clock is used if nothing is kept under this name yet. */
export function leaseMemory(name: string, clock: MemoryClock): MemoryLease {
  let entry = shared.get(name);
  if (!entry) shared.set(name, (entry = { memory: new SharedMemory(clock), users: 0 }));
  const own = entry;
  own.users++;
  let isReleased = false;
  return {
    memory: own.memory,
    release: () => {
      if (isReleased) return;
      isReleased = true;
      if (--own.users === 0) shared.delete(name);
    },
  };
}
