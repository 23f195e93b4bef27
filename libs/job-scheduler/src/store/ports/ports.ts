import type { CallTurns } from '../call-turns.js';
import type { BackendFactory, IQueueBackend, Queue, QueueEvents, QueueOptions, WorkerOptions } from 'bullmq';
import type { Notifier } from './notifier.js';
import type { DeadLetterStore } from './dead-letter-store.js';
import type { HistoryStore } from './history-store.js';
import type { ExecutionWrite, StepRecord, StoredExecution } from './execution-record.js';
import type { LockStore } from './lock-store.js';
import type { LogStore } from './log-store.js';
import type { PastEnd } from './past-end.js';
import type { ScheduleStore } from './schedule-store.js';

/** A BullMQ queue on whichever backend the store has. */
export type EngineQueue = Queue<unknown, unknown, string, unknown, unknown, string, IQueueBackend, unknown>;
export type EngineEvents = QueueEvents<unknown, IQueueBackend, unknown>;

/** A job scheduler as BullMQ has stored it. Times are milliseconds since the epoch. */
export interface EngineScheduler {
  /** BullMQ's name of it; see `encodeSchedulerId`. */
  readonly key: string;
  /** When the job that it has planned is due. */
  readonly next: number;
  readonly pattern: string | undefined;
  readonly tz: string | undefined;
  readonly startDate: number | undefined;
  readonly endDate: number | undefined;
  /** What its jobs carry; undefined where it cannot be read. */
  readonly data: unknown;
  /** Whether the job that it has planned is there. */
  readonly hasJob: boolean;
}

export interface EngineQueueOptions extends Omit<QueueOptions<unknown>, 'connection' | 'prefix'> {
  /**
   * The most jobs that may wait, prioritized ones included: `add` and `addBulk` throw QueueFullError, and add nothing, when
   * there is no room for all that they are given. What looks and what adds is one step, over all processes. Jobs for later
   * need no room, and those that are not added need none: a known id, a deduplication id that is held.
   */
  readonly maxWaiting?: number | undefined;
}

/** Makes BullMQ's parts on this store. Names are ours: encoding and key prefixes are done inside. */
export interface QueueEngine {
  /** For Worker subclasses: the third or fourth constructor argument of BullMQ's classes. */
  readonly backend: BackendFactory<IQueueBackend, unknown>;
  /** A producer's queue. Its commands fail, rather than wait, when the store is away for long. The caller closes it. */
  queue(name: string, options?: EngineQueueOptions): EngineQueue;
  /** Completed and failed events of a queue. The caller closes it. */
  events(name: string): EngineEvents;
  /** Connection and prefix for a worker of this queue. Its commands wait until the store is back. */
  workerOptions(name: string): Pick<WorkerOptions<unknown>, 'connection' | 'prefix'>;
  /**
   * Gives a wake-up that this process took and cannot use to another one.
   * @param dueAt when there is work, in milliseconds since the epoch; 0: now. No effect on stores whose wake-ups reach every process.
   */
  passMarkerOn(name: string, dueAt: number): Promise<void>;
  /**
   * The job schedulers of a queue, in few round trips however many there are: BullMQ's own list asks for each by itself.
   * @param keys only these; default: all, in no order.
   */
  schedulers(name: string, keys?: readonly string[]): Promise<EngineScheduler[]>;
  /** BullMQ's ids of the jobs that start next: of those without a priority, which is the oldest of them, and of the others. */
  firstWaiting(queue: EngineQueue): Promise<string[]>;
  /** Of those jobs that are there, in one round trip, in no order. @param jobIds BullMQ's. */
  headings(name: string, jobIds: readonly string[]): Promise<JobHeading[]>;
  /**
   * When delayed jobs run, in milliseconds since the epoch; absent: those that do not wait for their time.
   * @param jobIds BullMQ's.
   */
  dueTimes(name: string, jobIds: readonly string[]): Promise<Map<string, number>>;
  /**
   * How jobs ended that may have left their queue since, as far as its events still tell: BullMQ keeps about 10,000 of a
   * queue, four for a job that runs once. Absent: those whose newest event is no end.
   * @param jobIds BullMQ's.
   */
  pastEnds(name: string, jobIds: readonly string[]): Promise<Map<string, PastEnd>>;
}

/** What is kept of executions beside BullMQ: attempts, steps, outcomes. */
export interface ExecutionStore {
  /**
   * `true`: a write that was issued on the worker's side before a BullMQ call arrives before it, without being awaited.
   */
  readonly ordered: boolean;
  /**
   * Stores ends of attempts, in one round trip. Answers in order: `false` where a newer fence is stored,
   * or the execution has ended already; nothing of that entry is stored then.
   * An entry that is stored already, since its answer was lost and it was sent again, is answered `true` and counted once.
   * A final write also counts for `counts`, and prunes the job's oldest ended executions beyond `keep`.
   */
  write(entries: readonly ExecutionWrite[]): Promise<boolean[]>;
  /**
   * Stores the record of a job that has completed by the very next BullMQ call that ends it, in one step with that call.
   * Absent on stores that cannot; then `write` comes first.
   * @param jobId BullMQ's.
   */
  readonly finishWithRecord?: ((queue: string, jobId: string, entry: ExecutionWrite) => void) | undefined;
  /** Stores a step's result. Answers `false`, and stores nothing, when a newer fence is stored or the execution has ended. */
  recordStep(id: string, job: string, queue: string, fence: number, step: StepRecord): Promise<boolean>;
  load(id: string): Promise<StoredExecution | undefined>;
  /** Before a failed execution is retried: it goes on, with its attempts and steps kept. `false` when it has not failed. */
  reopen(id: string): Promise<boolean>;
  /** As `reopen`, for many at once. @returns those that had failed. */
  reopenAll(ids: readonly string[]): Promise<string[]>;
  /**
   * Drops what is left of an execution that was going on, and whose job is gone, with its log lines. `false`, and nothing is
   * dropped, when it has ended, or `fence` is not the stored one: then it goes on elsewhere.
   */
  forget(id: string, fence: number): Promise<boolean>;
  /** Ended executions per queue, since the store was made. */
  counts(queues: readonly string[]): Promise<Record<string, { completed: number; failed: number }>>;
}

/** Small values that are set once for the whole fleet. */
export interface MarkerStore {
  /** Stores `value` if nothing is stored under `key`, and answers what is stored then. */
  keep(key: string, value: string): Promise<string>;
  /** What is stored under `key`; undefined when nothing is. */
  get(key: string): Promise<string | undefined>;
}

/** Which processes work on this store. */
export interface HeartbeatStore {
  /** `worker` is alive for `ttl` more milliseconds. */
  beat(worker: string, ttl: number): Promise<void>;
  leave(worker: string): Promise<void>;
  /** Workers whose time has not run out. */
  alive(): Promise<string[]>;
}

/** The outside world of one module: where queues and records are kept. */
export interface Store {
  readonly kind: 'redis' | 'postgres' | 'embedded' | 'memory';
  /** For messages: no password in it. */
  readonly address: string;
  readonly queues: QueueEngine;
  readonly executions: ExecutionStore;
  readonly history: HistoryStore;
  readonly deadLetters: DeadLetterStore;
  readonly markers: MarkerStore;
  readonly heartbeats: HeartbeatStore;
  readonly locks: LockStore;
  readonly logs: LogStore;
  readonly signals: Notifier;
  readonly schedules: ScheduleStore;
  /** The calls to this store. */
  readonly turns: CallTurns;
  /** One round trip. Rejects when the store does not answer. */
  ping(): Promise<void>;
  /** By the store's own clock, in milliseconds since the epoch: the same for all processes. */
  now(): Promise<number>;
  /** Called when the store is lost (with the error) and when it is back. */
  onAvailability(listener: (available: boolean, error?: Error) => void): void;
  /** Closes what the store opened; clients that the user gave stay open. Safe to call twice. */
  close(): Promise<void>;
}

/** By what jobs are chosen for a list and put in order: what they carry is not read. */
export interface JobHeading {
  /** BullMQ's. */
  readonly id: string;
  readonly name: string;
  /** When it was made, in milliseconds since the epoch. */
  readonly timestamp: number;
  /** When it was started last; undefined when it was not. */
  readonly processedOn: number | undefined;
  readonly attemptsMade: number;
}
