import type { BackendFactory } from 'bullmq';
import type { BackendHooks } from './backend/backend-link.js';
import { MemoryBackend, type BackendOptions } from './backend/memory-backend.js';
import { processClock, type MemoryClock } from './state/clock.js';
import { leaseMemory } from './state/shared-memory.js';

/** Where the memory backend keeps its queues. */
export interface MemoryConnection {
  /**
   * Parts of BullMQ with the same name share their queues, those with another name share nothing. All is dropped when the
   * last of them closes. Default `''`.
   */
  readonly name?: string;
  /**
   * Source of time; that of the first one with a name counts. Default: the process's own, so that fake timers drive it.
   * BullMQ itself asks `Date.now`, whatever this clock says.
   */
  readonly clock?: MemoryClock;
}

/**
 * Keeps BullMQ's queues in the memory of this process: give it to `Queue`, `Worker`, `QueueEvents` and `FlowProducer`, or
 * to `withBackend`. No server is needed, nothing survives the process.
 *
 * @example
 * ```ts
 * const { Queue, Worker } = withBackend(createMemoryBackend);
 * const queue = new Queue('mails', { connection: { name: 'my test' } });
 * const worker = new Worker('mails', async (job) => send(job.data), { connection: { name: 'my test' } });
 * ```
 */
export const createMemoryBackend: BackendFactory<MemoryBackend, MemoryConnection> = memoryBackendWith({});

/** As `createMemoryBackend`, with what others do in its commands. */
export function memoryBackendWith(hooks: BackendHooks): BackendFactory<MemoryBackend, MemoryConnection> {
  return (name, opts, parts = {}) => {
    const { name: storeName = '', clock = processClock } = opts.connection ?? {};
    const lease = leaseMemory(storeName, clock);
    const options: BackendOptions = opts;
    const backend = new MemoryBackend({ lease, hooks, closing: undefined }, name, options);
    // Those that wait for jobs are the ones that BullMQ lists as workers.
    if (parts.withBlockingConnection) {
      lease.memory.clients.set(backend, backend.clientName(options.name ? `:w:${options.name}` : ''));
    }
    return backend;
  };
}
