/** Plain BullMQ on the memory backend, closed after each test; fake timers end there, too. */
import { afterEach, jest } from '@jest/globals';
import { FlowProducer, Queue, QueueEvents, QueueEventsProducer, Worker } from 'bullmq';
import type { Job, Processor, QueueEventsOptions, QueueOptions, WorkerOptions } from 'bullmq';
import { createMemoryBackend, type MemoryBackend, type MemoryConnection } from '#bullmq-memory';
import { randomPrefix } from '../support/prefix.js';

type More<T> = Omit<Partial<T>, 'connection'>;
export type AnyData = Record<string, unknown>;
export type MemoryQueueOf = Queue<AnyData, unknown, string, AnyData, unknown, string, MemoryBackend, MemoryConnection>;
export type MemoryWorkerOf = Worker<AnyData, unknown, string, MemoryBackend, never, MemoryConnection>;
export type MemoryJobOf = Job<AnyData, unknown>;

/** Call it once in a spec file. */
export function bullOnMemory() {
  const opened: { close(): Promise<unknown> }[] = [];
  let name = randomPrefix();

  afterEach(async () => {
    jest.useRealTimers();
    for (const part of opened.splice(0).toReversed()) await part.close();
    name = randomPrefix();
  });

  const track = <T extends { close(): Promise<unknown> }>(part: T): T => {
    opened.push(part);
    return part;
  };
  const base = <O>(more: O) => ({ ...more, connection: { name } });

  return {
    queue: (queueName: string, more: More<QueueOptions<MemoryConnection>> = {}): MemoryQueueOf =>
      track(new Queue(queueName, base(more), createMemoryBackend)),
    worker: (
      queueName: string,
      run: Processor<AnyData, unknown>,
      more: More<WorkerOptions<MemoryConnection>> = {},
    ): MemoryWorkerOf => {
      const worker = new Worker<AnyData, unknown, string, MemoryBackend, never, MemoryConnection>(
        queueName,
        run,
        base(more),
        createMemoryBackend,
      );
      worker.on('error', () => undefined);
      return track(worker);
    },
    events: (queueName: string, more: More<QueueEventsOptions<MemoryConnection>> = {}) =>
      track(new QueueEvents<unknown, MemoryBackend, MemoryConnection>(queueName, base(more), createMemoryBackend)),
    producer: (queueName: string) =>
      track(new QueueEventsProducer<MemoryBackend, MemoryConnection>(queueName, base({}), createMemoryBackend)),
    flows: () => track(new FlowProducer<MemoryBackend, MemoryConnection>(base({}), createMemoryBackend)),
  };
}

/** Resolves with the worker's next event of that name. */
export function once<T = MemoryJobOf>(
  emitter: { once(event: never, listener: (...args: never[]) => void): unknown },
  event: string,
): Promise<T> {
  return new Promise((resolve) => {
    emitter.once(event as never, (value: T) => resolve(value));
  });
}
