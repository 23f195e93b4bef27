import { Queue, type BackendFactory, type IQueueBackend } from 'bullmq';
import type { MemoryConnection } from '#bullmq-memory';
import { memoryBackendWith, type BackendHooks, type KeptQueue, type OpenMemory } from '#bullmq-memory/extend';
import { QueueFullError } from '../../errors/queue-errors.js';
import { EventStream } from '../event-stream.js';
import { isPlaceEvent, type PastEnd, toPastEnd } from '../ports/past-end.js';
import type {
  EngineEvents,
  EngineQueue,
  EngineQueueOptions,
  EngineScheduler,
  QueueEngine,
  JobHeading,
} from '../ports/ports.js';
import { toEngineScheduler } from '../engine-scheduler.js';
import { hasRoom } from './has-room.js';

/** For BullMQ's classes as the engine knows them: whatever the connection is. */
const backendWith = (hooks: BackendHooks) => memoryBackendWith(hooks) as BackendFactory<IQueueBackend, unknown>;

/** BullMQ in the memory of this process. */
export class MemoryEngine implements QueueEngine {
  readonly backend = backendWith({});

  constructor(
    private readonly connection: MemoryConnection,
    private readonly prefix: string,
    private readonly memory: OpenMemory,
  ) {}

  queue(name: string, { maxWaiting, ...options }: EngineQueueOptions = {}): EngineQueue {
    const backend = maxWaiting === undefined ? this.backend : this.boundedBackend(name, maxWaiting);
    const queue: EngineQueue = new Queue(name, { ...options, ...this.workerOptions() }, backend);
    queue.on('error', () => undefined);
    return queue;
  }

  events(name: string): EngineEvents {
    return new EventStream(name, this.workerOptions(), this.backend);
  }

  workerOptions(): { connection: unknown; prefix: string } {
    return { connection: this.connection, prefix: this.prefix };
  }

  /** Wake-ups reach all who wait. */
  async passMarkerOn(): Promise<void> {}

  async schedulers(name: string, keys?: readonly string[]): Promise<EngineScheduler[]> {
    const queue = this.kept(name);
    return [...queue.schedulers]
      .filter(([key]) => keys === undefined || keys.includes(key))
      .map(([key, { next, fields }]) =>
        toEngineScheduler({
          key,
          next,
          hasJob: queue.job(`repeat:${key}:${next}`) !== undefined,
          pattern: fields.get('pattern'),
          tz: fields.get('tz'),
          startDate: fields.get('startDate'),
          endDate: fields.get('endDate'),
          data: fields.get('data'),
        }),
      );
  }

  async headings(name: string, jobIds: readonly string[]): Promise<JobHeading[]> {
    const queue = this.kept(name);
    return jobIds.flatMap((jobId) => {
      const job = queue.job(jobId);
      if (!job) return [];
      const { id, name: jobName, timestamp, processedOn, attemptsMade } = job;
      return [{ id, name: jobName, timestamp, processedOn, attemptsMade }];
    });
  }

  async firstWaiting(queue: EngineQueue): Promise<string[]> {
    return queue.getRanges(['waiting', 'prioritized'], 0, 0, true);
  }

  async dueTimes(name: string, jobIds: readonly string[]): Promise<Map<string, number>> {
    const queue = this.kept(name);
    const times = jobIds.map((id) => [id, queue.dueAt(id)] as const);
    return new Map(times.filter((time): time is [string, number] => time[1] !== undefined));
  }

  async pastEnds(name: string, jobIds: readonly string[]): Promise<Map<string, PastEnd>> {
    const missing = new Set(jobIds);
    const ends = new Map<string, PastEnd>();
    for (const { event, jobId, returnvalue, failedReason } of this.kept(name).events()) {
      if (jobId === undefined || !missing.has(jobId) || !isPlaceEvent(event)) continue;
      missing.delete(jobId);
      const end = toPastEnd(event, returnvalue ?? failedReason);
      if (end) ends.set(jobId, end);
      if (missing.size === 0) break;
    }
    return ends;
  }

  private kept(name: string): KeptQueue {
    return this.memory.queue(`${this.prefix}:${name}`);
  }

  private boundedBackend(name: string, maxWaiting: number) {
    return backendWith({
      beforeAdd: (jobs) => {
        if (!hasRoom(this.kept(name), jobs, maxWaiting)) throw new QueueFullError(name, maxWaiting, jobs.length);
      },
    });
  }
}
