import type { BackendFactory } from 'bullmq';
import { SystemClock } from '../../common/clock.js';
import { MemoryBackend, type BackendOptions } from './memory-backend.js';
import type { MemoryClock } from './memory-time.js';
import { leaseMemory } from './shared-memory.js';

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
export const createMemoryBackend: BackendFactory<MemoryBackend, MemoryConnection> = (name, opts, parts = {}) => {
  const { name: storeName = '', clock = new SystemClock() } = opts.connection ?? {};
  const lease = leaseMemory(storeName, clock);
  const options: BackendOptions = opts;
  const backend = new MemoryBackend({ lease, closing: undefined }, name, options);
  // Those that wait for jobs are the ones that BullMQ lists as workers.
  if (parts.withBlockingConnection) {
    lease.memory.clients.set(backend, backend.clientName(options.name ? `:w:${options.name}` : ''));
  }
  return backend;
};
