import type { IRedisClient } from 'bullmq';
import type { Clock } from '../../common/clock.js';
import { storableAge } from '../codecs/execution-codec.js';
import type { ExecutionWrite, StepRecord, StoredExecution } from '../ports/execution-record.js';
import type { ExecutionStore } from '../ports/ports.js';
import type { StoreDeadline } from '../store-deadline.js';
import { readOrWarn, warnCorrupt, warnOfType } from './corrupt-warnings.js';
import { packEntries, packEntry } from './execution-codec.js';
import { HistoryIndexer } from './finish/history-indexer.js';
import type { RedisClient } from './connection/redis-client.js';
import type { RedisConnections } from './connection/redis-connections.js';
import type { RedisKeys } from './redis-keys.js';
import { finishClient, FinishRecords, type RecordArguments, type RecordsOfQueue } from './finish/finish-client.js';
import { type AttemptedWrite, CompactRecords } from './finish/compact-record.js';

/** Scripts' answers. */
const REFUSED = 0;
const REPLACED_CORRUPT = 2;

/** Attempts, steps and outcomes, in one key per execution. */
export class RedisExecutionStore implements ExecutionStore {
  private readonly finishRecords = new FinishRecords();
  private readonly byQueue = new Map<string, RecordsOfQueue>();
  private readonly compact = new CompactRecords();
  /** Indexes what `finishWithRecord` has stored. */
  readonly indexer: HistoryIndexer;
  private client: IRedisClient | undefined;

  constructor(
    private readonly connections: RedisConnections,
    private readonly keys: RedisKeys,
    private readonly deadline: StoreDeadline,
    clock: Clock,
    /** On a Cluster our keys and a queue's are on different nodes. */
    readonly ordered: boolean,
  ) {
    this.indexer = new HistoryIndexer(connections, keys.base, clock, warnOfType);
  }

  /** On a Cluster the record and the job's queue are on different nodes. */
  get finishWithRecord(): ExecutionStore['finishWithRecord'] {
    return this.finishRecords.isPossible ? this.takeRecord : undefined;
  }

  /** What BullMQ's workers send their commands through. */
  workerClient(): IRedisClient | RedisClient {
    const { worker } = this.connections;
    if (!this.ordered) return worker;
    return (this.client ??= finishClient(worker, this.connections.finishSender(), this.finishRecords, warnOfType));
  }

  async write(entries: readonly ExecutionWrite[]): Promise<boolean[]> {
    if (entries.length === 0) return [];
    // A worker's, in the order in which its queues are told; a process that only enqueues has none.
    const answers = await this.connections.any.jobsWrite(this.keys.base, packEntries(entries));
    for (const key of answers.slice(entries.length)) warnOfType(String(key));
    return entries.map((_, index) => answers[index] !== REFUSED);
  }

  async recordStep(id: string, job: string, queue: string, fence: number, step: StepRecord): Promise<boolean> {
    const key = this.keys.execution(id);
    const answer = await this.connections.worker.jobsStep(key, fence, job, queue, step.name, JSON.stringify(step));
    if (answer === REPLACED_CORRUPT) warnOfType(key);
    return answer !== REFUSED;
  }

  async load(id: string): Promise<StoredExecution | undefined> {
    const key = this.keys.execution(id);
    try {
      const stored = await this.deadline.run(this.connections.producer.jobsLoad(this.keys.base, id));
      return stored === null ? undefined : readOrWarn(this.keys, id, stored);
    } catch (error) {
      if (!isOfAnotherType(error)) throw error;
      warnCorrupt(key, error.message);
      return undefined;
    }
  }

  async reopen(id: string): Promise<boolean> {
    return (await this.deadline.run(this.connections.producer.jobsReopen(this.keys.base, id))) === 1;
  }

  async forget(id: string, fence: number): Promise<boolean> {
    return (await this.deadline.run(this.connections.producer.jobsForget(this.keys.base, id, fence))) === 1;
  }

  /** The calls leave together. */
  async reopenAll(ids: readonly string[]): Promise<string[]> {
    const answers = await Promise.all(ids.map((id) => this.reopen(id)));
    return ids.filter((_, index) => answers[index]);
  }

  async counts(queues: readonly string[]): Promise<Record<string, { completed: number; failed: number }>> {
    if (queues.length === 0) return {};
    await this.deadline.run(this.indexer.indexPending());
    const fields = queues.flatMap((queue) => [`${queue}:completed`, `${queue}:failed`]);
    const values = await this.deadline.run(this.connections.producer.hmget(this.keys.counts, ...fields));
    const numbers = values.map((value) => Number(value ?? 0));
    return Object.fromEntries(
      queues.map((queue, index) => [queue, { completed: numbers[2 * index]!, failed: numbers[2 * index + 1]! }]),
    );
  }

  /** Waits until what `finishWithRecord` has stored is counted and bounded. */
  async close(): Promise<void> {
    await this.indexer.close();
  }

  private readonly takeRecord: NonNullable<ExecutionStore['finishWithRecord']> = (queue, jobId, entry) => {
    let records = this.byQueue.get(queue);
    if (!records) this.byQueue.set(queue, (records = this.finishRecords.ofQueue(this.keys.bullKeys(queue))));
    records[jobId] = this.argumentsOf(entry);
    this.indexer.wake();
  };

  private argumentsOf(entry: ExecutionWrite): RecordArguments {
    const age = entry.keep.count > 0 ? storableAge(entry.keep.age) : 0;
    const attempted = entry as AttemptedWrite;
    const record = this.compact.record(attempted);
    // A step is stored by its name if others are there.
    const packed = entry.step ? packEntry(entry, record) : this.compact.entry(attempted, record);
    return [this.keys.base, entry.id, age, packed];
  }
}

function isOfAnotherType(error: unknown): error is Error {
  return error instanceof Error && error.message.startsWith('WRONGTYPE');
}
