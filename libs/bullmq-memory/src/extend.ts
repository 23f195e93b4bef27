/**
 * `bullmq-memory/extend`: for a library that keeps more than BullMQ does. It can keep it beside the queues, read these
 * without going through BullMQ, and refuse jobs before they are added. A test of queues and workers needs none of it.
 */
import type { JobJson } from 'bullmq';
import { reprocessJob } from './commands/move-job.js';
import { removeTree } from './commands/remove-job.js';
import type { MemoryClock } from './state/clock.js';
import type { MemoryQueue } from './state/memory-queue.js';
import { leaseMemory, type MemoryLease, type SharedMemory } from './state/shared-memory.js';

export type { BackendHooks, JobEntry } from './backend/backend-link.js';
export { memoryBackendWith } from './create-memory-backend.js';
export { RankedSet, type Ranked } from './state/ranked-set.js';

/** What is kept under one name; see `MemoryConnection.name`. All of it is dropped when its last user closes. */
export class OpenMemory {
  private readonly memory: SharedMemory;
  readonly close: () => void;

  /** See `openMemory`. */
  constructor(lease: MemoryLease) {
    this.memory = lease.memory;
    this.close = lease.release;
  }

  get clock(): MemoryClock {
    return this.memory.clock;
  }

  /** What is kept under this key beside the queues, made at its first use. */
  part<T>(key: string, make: () => T): T {
    return this.memory.part(key, make);
  }

  /** @param key `prefix:name` of the queue. */
  queue(key: string): KeptQueue {
    return new KeptQueue(this.memory, this.memory.queue(key));
  }
}

/** @param clock is used if nothing is kept under this name yet. */
export function openMemory(name: string, clock: MemoryClock): OpenMemory {
  return new OpenMemory(leaseMemory(name, clock));
}

/** A job as it is kept. Texts are JSON. */
export interface KeptJob {
  readonly id: string;
  readonly name: string;
  readonly data: string;
  readonly timestamp: number;
  readonly processedOn: number | undefined;
  readonly attemptsMade: number;
  readonly failedReason: string | undefined;
  readonly stacktrace: string | undefined;
  /** Its rank in a sorted place: of a failed job, when it failed. */
  readonly score: number;
  /** What BullMQ reads. */
  toJson(): JobJson;
}

/** A job scheduler as it is kept. */
export interface KeptScheduler {
  /** When its next job is due. */
  readonly next: number;
  /** `pattern`, `tz`, `data` and the like, as BullMQ reads them. */
  readonly fields: ReadonlyMap<string, string>;
}

/** One queue, to be read, and to be mended by hand. */
export class KeptQueue {
  /** See `OpenMemory.queue`. */
  constructor(
    private readonly memory: SharedMemory,
    private readonly state: MemoryQueue,
  ) {}

  /** How many jobs wait for nothing but a worker. */
  get waiting(): number {
    return this.state.lists.wait.size + this.state.sorted.prioritized.size;
  }

  get size(): number {
    return this.state.jobs.size;
  }

  get schedulers(): ReadonlyMap<string, KeptScheduler> {
    return this.state.schedulers;
  }

  job(id: string): KeptJob | undefined {
    return this.state.jobs.get(id);
  }

  /** When a job is due that waits for its time. */
  dueAt(id: string): number | undefined {
    return this.state.dueAt(id);
  }

  /** Whether `add` would give the job that holds this deduplication id, and add none. */
  isDeduplicated(id: string): boolean {
    const { deduplication, jobs, clock } = this.state;
    const holder = deduplication.holder(id, clock.now());
    // A holder that is gone loses it, if no time ends it.
    return holder !== undefined && (jobs.has(holder) || deduplication.ttl(id, clock.now()) !== Infinity);
  }

  /** What the queue's events say, the newest first. */
  events(): Iterable<Readonly<Record<string, string | undefined>>> {
    return this.state.events.backwards();
  }

  /** Failed jobs, the one that failed first first. */
  failed(): Iterable<KeptJob> {
    return this.state.sorted.failed;
  }

  /** Failed jobs, the newest first. @param before only those before this one; without an id: that failed earlier. */
  latestFailed(before?: { readonly score: number; readonly id?: string | undefined }): Iterable<KeptJob> {
    return this.state.sorted.failed.descending(before);
  }

  /** Runs a failed job again, with all its attempts. @returns whether it was one. */
  retry(id: string): boolean {
    const how = { lifo: false, resetMade: true, resetStarted: false };
    return reprocessJob(this.memory, this.state, id, 'failed', how) === undefined;
  }

  /** Removes a failed job; its children stay. @returns whether it was one. */
  discard(id: string): boolean {
    const job = this.state.jobs.get(id);
    return job?.place === 'failed' && this.remove(id);
  }

  /** Removes a job in any state, also while a worker has it or a job scheduler has planned it. Its children stay. */
  remove(id: string): boolean {
    const job = this.state.jobs.get(id);
    if (!job) return false;
    removeTree(this.memory, this.state, job, undefined, { children: false, keepProcessed: false, keepLocked: false });
    return true;
  }
}
