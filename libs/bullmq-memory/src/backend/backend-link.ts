import { EventEmitter } from 'node:events';
import { type IQueueBackend, type JobJson, type KeysMap, QueueKeys } from 'bullmq';
import { closedError } from './errors.js';
import type { MemoryQueue } from '../state/memory-queue.js';
import type { MemoryLease, SharedMemory } from '../state/shared-memory.js';
import { Waits } from './waits.js';

/** A job that is to be added. */
export interface JobEntry {
  readonly job: JobJson;
  /** Empty: it gets a number. */
  readonly jobId: string;
}

/** What others do in the backend's commands. */
export interface BackendHooks {
  /**
   * Called with what `add` or `addBulk` is to add, before any of it is kept. What it throws rejects the call. Not called for
   * flows, nor for what job schedulers add.
   */
  readonly beforeAdd?: (jobs: readonly JobEntry[]) => void;
}

/** A use of the shared memory, by a backend and by those that it makes for other queues. */
export interface MemoryLink {
  readonly lease: MemoryLease;
  readonly hooks: BackendHooks;
  closing: Promise<void> | undefined;
}

const DEFAULT_PREFIX = 'bull';

/** A backend's names, its beginning and end, and its waits. */
export abstract class BackendLink extends EventEmitter {
  readonly minimumBlockTimeout = 0.001;
  /** Every wake-up arrives, so that there is no need to look in between. */
  readonly maximumBlockTimeout = 3_600;
  readonly keys: KeysMap;
  protected readonly memory: SharedMemory;
  private readonly state: MemoryQueue;
  private readonly waits: Waits;
  private readonly bullKeys: QueueKeys;
  private isInterrupted = false;

  constructor(
    protected readonly link: MemoryLink,
    protected readonly name: string,
    protected readonly prefix = DEFAULT_PREFIX,
    private readonly isOwner = true,
  ) {
    super();
    this.memory = link.lease.memory;
    this.bullKeys = new QueueKeys(prefix);
    this.keys = this.bullKeys.getKeys(name);
    this.state = this.memory.queue(this.qualifiedName);
    this.waits = new Waits(this.state);
  }

  get closing(): Promise<void> | undefined {
    return this.link.closing;
  }

  get qualifiedName(): string {
    return `${this.prefix}:${this.name}`;
  }

  toKey(type: string): string {
    return this.bullKeys.toKey(this.name, type);
  }

  parseNodeKey(key: string): { prefix: string; queueName: string; id: string } {
    const located = this.memory.locate(key);
    const end = located ? located.queue.key.length : key.lastIndexOf(':');
    const colon = key.lastIndexOf(':', end - 1);
    return { prefix: key.slice(0, colon), queueName: key.slice(colon + 1, end), id: key.slice(end + 1) };
  }

  clientName(suffix = ''): string {
    return `${this.prefix}:${Buffer.from(this.name).toString('base64')}${suffix}`;
  }

  async waitUntilReady(): Promise<void> {
    if (this.closing) throw closedError();
  }

  async setName(name: string): Promise<void> {
    this.memory.clients.set(this, name);
  }

  async getClientList(): Promise<string[]> {
    return [[...this.memory.clients.values()].map((name) => `name=${name}`).join('\n')];
  }

  close(_force?: boolean): Promise<void> {
    if (!this.isOwner) return Promise.resolve();
    if (this.link.closing) return this.link.closing;
    this.link.closing = Promise.resolve();
    this.waits.interrupt();
    this.memory.clients.delete(this);
    this.link.lease.release();
    this.emit('close');
    return this.link.closing;
  }

  async disconnect(): Promise<void> {
    this.waits.interrupt();
  }

  async disconnectBlocking(_wait?: boolean): Promise<void> {
    this.isInterrupted = true;
    this.waits.interrupt();
  }

  async reconnectBlocking(): Promise<void> {
    this.isInterrupted = false;
  }

  async waitForJob(blockTimeout: number): Promise<{ member: string; score: number } | null> {
    return this.closing || this.isInterrupted ? null : this.waits.forJob(blockTimeout);
  }

  async readEvents(id: string, blockTimeout: number): ReturnType<IQueueBackend['readEvents']> {
    return this.closing ? null : this.waits.forEvents(id, blockTimeout);
  }

  /** @throws Error when the backend is closed. */
  protected get queue(): MemoryQueue {
    if (this.closing) throw closedError();
    return this.state;
  }

  /** To be awaited at the end of what workers and producers call over and over; see `Turns`. */
  protected turn(): Promise<void> | undefined {
    return this.memory.turns.next();
  }
}
