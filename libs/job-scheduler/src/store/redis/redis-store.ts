import type { Clock } from '../../common/clock.js';
import type { RedisLike, RedisLikeOptions } from '../../options/connection.js';
import { Availability } from '../availability.js';
import type { HeartbeatStore, Store } from '../ports/ports.js';
import { StoreUnavailableError } from '../../errors/store-errors.js';
import { StoreDeadline } from '../store-deadline.js';
import { dbOf } from './connection/redis-client.js';
import { redisSource } from './connection/redis-source.js';
import { RedisConnections } from './connection/redis-connections.js';
import { RedisDeadLetterStore } from './redis-dead-letter-store.js';
import { RedisEngine } from './redis-engine.js';
import { RedisExecutionStore } from './redis-execution-store.js';
import { RedisHeartbeatStore } from './redis-heartbeat-store.js';
import { RedisMarkerStore } from './redis-marker-store.js';
import { RedisHistoryStore } from './redis-history-store.js';
import { RedisKeys } from './redis-keys.js';
import { RedisLockStore } from './redis-lock-store.js';
import { RedisLogStore } from './redis-log-store.js';
import { RedisScheduleStore } from './redis-schedule-store.js';
import { RedisSignals } from './redis-signals.js';

export interface RedisStoreOptions {
  /** `redis://`, `rediss://`, options of ioredis (Sentinel's, too), or a client, which is duplicated and stays open. */
  readonly connection: string | RedisLikeOptions | RedisLike;
  readonly prefix: string;
  readonly clock: Clock;
}

/**
 * Connects to Redis or Valkey.
 * @throws StoreUnavailableError within 10 s, StoreUnsupportedError, DriverMissingError
 */
export async function openRedisStore(options: RedisStoreOptions): Promise<Store> {
  const { clock } = options;
  const source = await redisSource(options.connection);
  const availability = new Availability();
  const connections = new RedisConnections(source, availability, clock);
  await connections.open();

  const keys = new RedisKeys(options.prefix);
  const deadline = new StoreDeadline(source.address, clock);
  const heartbeats = new RedisHeartbeatStore(connections, keys, deadline);
  await checkRights(heartbeats, options.prefix, source.address).catch(async (error: unknown) => {
    await connections.close();
    throw error;
  });
  const executions = new RedisExecutionStore(connections, keys, deadline, clock, !source.cluster);
  const signals = new RedisSignals({
    publisher: () => connections.producer,
    subscriber: () => source.createSubscriber(connections.producer),
    keys,
    db: dbOf(connections.producer),
    availability,
    deadline,
    clock,
  });
  return {
    kind: 'redis',
    address: source.address,
    queues: new RedisEngine(connections, keys, deadline, () => executions.workerClient()),
    executions,
    deadLetters: new RedisDeadLetterStore(connections, keys, deadline),
    history: new RedisHistoryStore(connections, keys, deadline, executions.indexer),
    turns: deadline.turns,
    markers: new RedisMarkerStore(connections, keys, deadline),
    heartbeats,
    locks: new RedisLockStore(connections, keys, deadline),
    logs: new RedisLogStore(connections, keys, deadline),
    schedules: new RedisScheduleStore(connections, keys, deadline),
    signals,
    ping: async () => {
      await deadline.run(connections.producer.ping());
    },
    now: async () => {
      const [seconds, microseconds] = await deadline.run(connections.producer.time());
      return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
    },
    onAvailability: (listener) => availability.listen(listener),
    close: async () => {
      await executions.close();
      await Promise.all([signals.close(), connections.close()]);
    },
  };
}

/** Runs a script of ours: a user with too few rights had better hear of it now than with the first job. */
async function checkRights(heartbeats: HeartbeatStore, prefix: string, address: string): Promise<void> {
  try {
    await heartbeats.alive();
  } catch (error) {
    // All else may pass, and is told by the calls that meet it.
    if (!(error instanceof Error && /\bNOPERM\b/.test(error.message))) return;
    throw new StoreUnavailableError(
      address,
      `refused: ${error.message}. Give the user these rights: ~{${prefix}}* ~{${prefix}:* &{${prefix}}:* +@all -@dangerous -@admin +info`,
      error,
    );
  }
}
