import { createRedisBackend, Queue, type BackendFactory, type IQueueBackend, type QueueBaseOptions } from 'bullmq';
import { toEngineScheduler } from '../engine-scheduler.js';
import type {
  JobHeading,
  EngineEvents,
  EngineQueue,
  EngineQueueOptions,
  EngineScheduler,
  QueueEngine,
} from '../ports/ports.js';
import { EventStream } from '../event-stream.js';
import { type PastEnd, PLACE_EVENTS, toPastEnd } from '../ports/past-end.js';
import type { StoreDeadline } from '../store-deadline.js';
import { boundedClient } from './connection/bounded-client.js';
import type { RedisConnections } from './connection/redis-connections.js';
import type { RedisKeys } from './redis-keys.js';

const redisBackend: BackendFactory<IQueueBackend, unknown> = (name, options, parts) =>
  createRedisBackend(name, options as QueueBaseOptions, parts);

/** Job schedulers that one call reads: a script holds up the server. */
const SCHEDULERS_AT_ONCE = 1_000;
const SCHEDULER_WIDTH = 8;

/** Scores of delayed jobs are their time with 12 bits for the order within a millisecond. */
const DELAY_SCALE = 0x1000;

/** Jobs whose end one pass over the events looks for. */
const ENDS_AT_ONCE = 1_000;
const END_WIDTH = 3;

/** BullMQ on Redis. Queues share the producer's connection; lanes share the worker's, and each has one more that blocks. */
export class RedisEngine implements QueueEngine {
  readonly backend = redisBackend;

  constructor(
    private readonly connections: RedisConnections,
    private readonly keys: RedisKeys,
    private readonly deadline: StoreDeadline,
    /** What BullMQ's workers send their commands through. */
    private readonly workerClient: () => unknown,
  ) {}

  queue(name: string, { maxWaiting, ...options }: EngineQueueOptions = {}): EngineQueue {
    const { producer } = this.connections;
    const connection =
      maxWaiting === undefined ? producer : boundedClient(producer, name, this.keys.waiting(name), maxWaiting);
    const queue: EngineQueue = new Queue(
      name,
      { ...options, connection, prefix: this.keys.bullPrefix(name) },
      this.deadline.guard(redisBackend),
    );
    // The store tells when it is lost; BullMQ writes errors without a listener on the console.
    queue.on('error', () => undefined);
    return queue;
  }

  events(name: string): EngineEvents {
    return new EventStream(name, this.workerOptions(name), redisBackend);
  }

  workerOptions(name: string): { connection: unknown; prefix: string } {
    return { connection: this.workerClient(), prefix: this.keys.bullPrefix(name) };
  }

  async passMarkerOn(name: string, dueAt: number): Promise<void> {
    const marker = this.keys.marker(name);
    // A time that is sooner than ours stays.
    if (dueAt > 0) await this.connections.any.zadd(marker, 'LT', dueAt, '1');
    else await this.connections.any.zadd(marker, 0, '0');
  }

  async schedulers(name: string, keys?: readonly string[]): Promise<EngineScheduler[]> {
    const set = this.keys.schedulers(name);
    const client = this.connections.producer;
    if (keys) {
      const parts = Array.from({ length: Math.ceil(keys.length / SCHEDULERS_AT_ONCE) }, (_, part) =>
        keys.slice(part * SCHEDULERS_AT_ONCE, (part + 1) * SCHEDULERS_AT_ONCE),
      );
      const answers = await this.deadline.run(
        Promise.all(parts.map((part) => client.jobsSchedulers(set, 'keys', ...part))),
      );
      return answers.flatMap(readSchedulers);
    }
    // A scan may give one twice.
    const found = new Map<string, EngineScheduler>();
    let cursor = '0';
    do {
      const answer = await this.deadline.run(client.jobsSchedulers(set, 'scan', cursor, SCHEDULERS_AT_ONCE));
      for (const scheduler of readSchedulers(answer)) found.set(scheduler.key, scheduler);
      cursor = String(answer[0]);
    } while (cursor !== '0');
    return [...found.values()];
  }

  async firstWaiting(queue: EngineQueue): Promise<string[]> {
    return queue.getRanges(['waiting', 'prioritized'], 0, 0, true);
  }

  async dueTimes(name: string, jobIds: readonly string[]): Promise<Map<string, number>> {
    if (jobIds.length === 0) return new Map();
    const scores = await this.deadline.run(this.connections.producer.zmscore(this.keys.delayed(name), ...jobIds));
    const times = jobIds.map((id, n) => [id, scores[n]] as const).filter(([, score]) => typeof score === 'string');
    return new Map(times.map(([id, score]) => [id, Math.floor(Number(score) / DELAY_SCALE)]));
  }

  async headings(name: string, jobIds: readonly string[]): Promise<JobHeading[]> {
    const { producer } = this.connections;
    const keys = this.keys.bullKeys(name);
    // They leave together.
    const answers = await this.deadline.run(
      Promise.all(jobIds.map((id) => producer.hmget(`${keys}${id}`, 'name', 'timestamp', 'processedOn', 'atm'))),
    );
    return answers.flatMap(([jobName, timestamp, processedOn, made], index) =>
      typeof jobName === 'string'
        ? {
            id: jobIds[index]!,
            name: jobName,
            timestamp: Number(timestamp),
            processedOn: processedOn ? Number(processedOn) : undefined,
            attemptsMade: Number(made ?? 0),
          }
        : [],
    );
  }

  async pastEnds(name: string, jobIds: readonly string[]): Promise<Map<string, PastEnd>> {
    const ends = new Map<string, PastEnd>();
    for (let first = 0; first < jobIds.length; first += ENDS_AT_ONCE)
      await this.readEnds(this.keys.events(name), new Set(jobIds.slice(first, first + ENDS_AT_ONCE)), ends);
    return ends;
  }

  private async readEnds(events: string, missing: Set<string>, ends: Map<string, PastEnd>): Promise<void> {
    const client = this.connections.producer;
    for (let from = '+'; from !== '' && missing.size > 0;) {
      const [next = '', ...found]: string[] = await this.deadline.run(
        client.jobsPastEnds(events, from, PLACE_EVENTS.join(','), ...missing),
      );
      for (let at = 0; at < found.length; at += END_WIDTH) {
        const [id, event, value] = found.slice(at) as [string, string, string];
        missing.delete(id);
        const end = toPastEnd(event, value);
        if (end) ends.set(id, end);
      }
      from = next;
    }
  }
}

function readSchedulers([, ...values]: (string | number | null)[]): EngineScheduler[] {
  return Array.from({ length: values.length / SCHEDULER_WIDTH }, (_, index) => {
    const [key, next, hasJob, pattern, tz, startDate, endDate, data] = values.slice(index * SCHEDULER_WIDTH) as [
      string,
      string,
      number,
      ...(string | null)[],
    ];
    return toEngineScheduler({ key, next, hasJob: hasJob === 1, pattern, tz, startDate, endDate, data });
  });
}
