import { Queue } from 'bullmq';
import type { BackendFactory, IQueueBackend, QueueBaseOptions } from 'bullmq';
import { EventStream } from '../event-stream.js';
import { isPlaceEvent, type PastEnd, toPastEnd } from '../ports/past-end.js';
import type { EngineEvents, EngineQueue, EngineQueueOptions, EngineScheduler, QueueEngine } from '../ports/ports.js';
import type { JobHeading } from '../ports/job-heading.js';
import { toEngineScheduler } from '../engine-scheduler.js';
import { createMemoryBackend, type MemoryConnection } from './create-memory-backend.js';
import type { SharedMemory } from './shared-memory.js';

const memoryBackend: BackendFactory<IQueueBackend, unknown> = (name, options, parts) =>
  createMemoryBackend(name, options as QueueBaseOptions<MemoryConnection>, parts);

/** BullMQ in the memory of this process. */
export class MemoryEngine implements QueueEngine {
  readonly backend = memoryBackend;

  constructor(
    private readonly connection: MemoryConnection,
    private readonly prefix: string,
    private readonly memory: SharedMemory,
  ) {}

  /** BullMQ hands all options on to the backend. */
  queue(name: string, options: EngineQueueOptions = {}): EngineQueue {
    const queue: EngineQueue = new Queue(name, { ...options, ...this.workerOptions() }, memoryBackend);
    queue.on('error', () => undefined);
    return queue;
  }

  events(name: string): EngineEvents {
    return new EventStream(name, this.workerOptions(), memoryBackend);
  }

  workerOptions(): { connection: unknown; prefix: string } {
    return { connection: this.connection, prefix: this.prefix };
  }

  /** Wake-ups reach all who wait. */
  async handOn(): Promise<void> {}

  async schedulers(name: string, keys?: readonly string[]): Promise<EngineScheduler[]> {
    const { schedulers, jobs } = this.memory.queue(`${this.prefix}:${name}`);
    return [...schedulers]
      .filter(([key]) => keys === undefined || keys.includes(key))
      .map(([key, { next, fields }]) =>
        toEngineScheduler({
          key,
          next,
          hasJob: jobs.has(`repeat:${key}:${next}`),
          pattern: fields.get('pattern'),
          tz: fields.get('tz'),
          startDate: fields.get('startDate'),
          endDate: fields.get('endDate'),
          data: fields.get('data'),
        }),
      );
  }

  async headings(name: string, jobIds: readonly string[]): Promise<JobHeading[]> {
    const { jobs } = this.memory.queue(`${this.prefix}:${name}`);
    return jobIds.flatMap((jobId) => {
      const job = jobs.get(jobId);
      if (!job) return [];
      const { id, name: jobName, timestamp, processedOn, attemptsMade } = job;
      return [{ id, name: jobName, timestamp, processedOn, attemptsMade }];
    });
  }

  async firstWaiting(queue: EngineQueue): Promise<string[]> {
    return queue.getRanges(['waiting', 'prioritized'], 0, 0, true);
  }

  async dueTimes(name: string, jobIds: readonly string[]): Promise<Map<string, number>> {
    const queue = this.memory.queue(`${this.prefix}:${name}`);
    const times = jobIds.map((id) => [id, queue.dueAt(id)] as const);
    return new Map(times.filter((time): time is [string, number] => time[1] !== undefined));
  }

  async pastEnds(name: string, jobIds: readonly string[]): Promise<Map<string, PastEnd>> {
    const missing = new Set(jobIds);
    const ends = new Map<string, PastEnd>();
    for (const { event, jobId, returnvalue, failedReason } of this.memory
      .queue(`${this.prefix}:${name}`)
      .events.backwards()) {
      if (jobId === undefined || !missing.has(jobId) || !isPlaceEvent(event)) continue;
      missing.delete(jobId);
      const end = toPastEnd(event, returnvalue ?? failedReason);
      if (end) ends.set(jobId, end);
      if (missing.size === 0) break;
    }
    return ends;
  }
}
