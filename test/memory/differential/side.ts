import { createRedisBackend, FlowProducer, Queue, Worker } from 'bullmq';
import type { BackendFactory, IQueueBackend, Job, QueueBaseOptions } from 'bullmq';
import type { Redis } from 'ioredis';
import { createMemoryBackend } from '#bullmq-memory';
import { randomPrefix } from '../../support/prefix.js';

export const QUEUES = ['alpha', 'beta'] as const;
export type QueueName = (typeof QUEUES)[number];

/** Longer than a sequence takes on either side's clock: what runs out by time is not compared here. */
export const LONG = 3_600_000;

type EntryRaw = [id: string, fields: string[]];
type AnyFactory = BackendFactory<IQueueBackend, unknown>;
type AnyQueue = Queue<unknown, unknown, string, unknown, unknown, string, IQueueBackend, unknown>;
type AnyWorker = Worker<unknown, unknown, string, IQueueBackend, never, unknown>;

export interface Room {
  readonly queue: AnyQueue;
  readonly worker: AnyWorker;
  /** Its locks are gone as soon as time passes. */
  readonly crashing: AnyWorker;
  readonly backend: IQueueBackend;
}

export interface Running {
  readonly job: Job;
  readonly token: string;
  readonly name: QueueName;
  readonly crashed: boolean;
}

/** One of the two stores, with all of BullMQ that a sequence uses. */
export class Side {
  readonly rooms: Readonly<Record<QueueName, Room>>;
  readonly flows: FlowProducer<IQueueBackend, unknown>;
  running: Running[] = [];
  tokens = 0;
  /** Where in a queue's events the order means nothing: `[from, end]`. */
  readonly unordered: Readonly<Record<QueueName, [number, number][]>> = { alpha: [], beta: [] };

  constructor(
    factory: AnyFactory,
    connection: unknown,
    /** The same on both sides, so that keys are the same. */
    prefix: string,
    /** All events of a queue, without waiting for one: Redis's timers of blocked reads are coarse. */
    private readonly readEvents: (room: Room) => Promise<EntryRaw[]>,
  ) {
    const base = { connection, prefix };
    const worker = (name: string, lockDuration: number): AnyWorker => {
      const limiter = name === 'beta' ? { max: 4, duration: LONG } : undefined;
      const options = {
        ...base,
        autorun: false,
        name: 'w',
        lockDuration,
        ...(limiter ? { limiter } : {}),
        metrics: { maxDataPoints: 10 },
        maxStalledCount: 1,
        stalledInterval: 1,
        skipStalledCheck: true,
        skipLockRenewal: true,
      };
      const made: AnyWorker = new Worker(name, undefined, options, factory);
      made.on('error', () => undefined);
      return made;
    };
    const room = (name: QueueName): Room => {
      const queue: AnyQueue = new Queue(name, base, factory);
      queue.on('error', () => undefined);
      const options = { ...base, maxStalledCount: 1, stalledInterval: 1 } as QueueBaseOptions<unknown>;
      return { queue, worker: worker(name, LONG), crashing: worker(name, 1), backend: factory(name, options) };
    };
    this.rooms = { alpha: room('alpha'), beta: room('beta') };
    this.flows = new FlowProducer(base, factory);
    this.flows.on('error', () => undefined);
  }

  async ready(): Promise<void> {
    for (const { queue, worker } of Object.values(this.rooms)) {
      await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
    }
  }

  /** Names and values of each event in turn. */
  async events(name: QueueName): Promise<string[][]> {
    return (await this.readEvents(this.rooms[name])).map(([, fields]) => fields);
  }

  async close(): Promise<void> {
    for (const { queue, worker, crashing, backend } of Object.values(this.rooms)) {
      await Promise.all([queue.close(), worker.close(true), crashing.close(true), backend.close()]);
    }
    await this.flows.close();
  }
}

export function redisSide(client: Redis, prefix: string): Side {
  return new Side(createRedisBackend as unknown as AnyFactory, client, prefix, ({ backend }) =>
    client.xrange(backend.toKey('events'), '-', '+'),
  );
}

export function memorySide(prefix: string): Side {
  const connection = { name: randomPrefix() };
  return new Side(createMemoryBackend as unknown as AnyFactory, connection, prefix, async ({ backend }) => {
    const read = await backend.readEvents('0', 1);
    return read?.[0]?.[1] ?? [];
  });
}
