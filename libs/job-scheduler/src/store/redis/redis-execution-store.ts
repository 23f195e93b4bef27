import { Logger } from '@nestjs/common';
import type { IRedisClient } from 'bullmq';
import { Packr } from 'msgpackr';
import type { Clock } from '../../definition/clock.js';
import { CorruptRecordError, readExecution, readPart, storableAge, storableCount } from '../execution-codec.js';
import type { ExecutionWrite, StepRecord, StoredExecution } from '../execution-record.js';
import type { ExecutionStore } from '../ports.js';
import type { StoreDeadline } from '../store-deadline.js';
import { FreshFiler } from './fresh-filer.js';
import type { RedisClient } from './redis-client.js';
import type { RedisConnections } from './redis-connections.js';
import type { RedisKeys } from './redis-keys.js';
import { recordingClient, type RecordArguments, RecordsAlong, type RecordsOfQueue } from './recording-client.js';

/** Scripts' answers. */
const REFUSED = 0;
const REPLACED_CORRUPT = 2;

/** Attempts, steps and outcomes, in one key per execution. */
export class RedisExecutionStore implements ExecutionStore {
  private readonly along = new RecordsAlong();
  private readonly alongByQueue = new Map<string, RecordsOfQueue>();
  private readonly filer: FreshFiler;
  private readonly logger = new Logger('JobScheduler');
  private recording: IRedisClient | undefined;

  constructor(
    private readonly connections: RedisConnections,
    private readonly keys: RedisKeys,
    private readonly deadline: StoreDeadline,
    clock: Clock,
    /** On a Cluster our keys and a queue's are on different nodes. */
    readonly ordered: boolean,
  ) {
    this.filer = new FreshFiler(connections, keys.base, clock, (key) => this.warnOfType(key));
  }

  /** On a Cluster the record and the job's queue are on different nodes. */
  get attach(): ExecutionStore['attach'] {
    return this.along.isPossible ? this.attachRecord : undefined;
  }

  /** The worker's connection as BullMQ's workers are to use it. */
  workerClient(): IRedisClient | RedisClient {
    const { worker } = this.connections;
    if (!this.ordered) return worker;
    return (this.recording ??= recordingClient(worker, this.connections.finishSender(), this.along, (key) =>
      this.warnOfType(key),
    ));
  }

  async write(entries: readonly ExecutionWrite[]): Promise<boolean[]> {
    if (entries.length === 0) return [];
    const batch = packr.pack(
      entries.map((entry) => toTuple(entry, JSON.stringify({ head: entry.head, attempt: entry.attempt }))),
    );
    // A worker's, in the order in which its queues are told; a process that only enqueues has none.
    const answers = await this.connections.any.jobsWrite(this.keys.base, batch);
    for (const key of answers.slice(entries.length)) this.warnOfType(String(key));
    return entries.map((_, index) => answers[index] !== REFUSED);
  }

  async recordStep(id: string, job: string, queue: string, fence: number, step: StepRecord): Promise<boolean> {
    const key = this.keys.execution(id);
    const answer = await this.connections.worker.jobsStep(key, fence, job, queue, step.name, JSON.stringify(step));
    if (answer === REPLACED_CORRUPT) this.warnOfType(key);
    return answer !== REFUSED;
  }

  async load(id: string): Promise<StoredExecution | undefined> {
    const key = this.keys.execution(id);
    try {
      const stored = await this.deadline.run(this.connections.producer.jobsLoad(key));
      if (stored === null) return undefined;
      return typeof stored === 'string' ? decodeWhole(id, stored) : decode(id, toFields(stored));
    } catch (error) {
      if (!isCorrupt(error)) throw error;
      this.warnCorrupt(key, error.message);
      return undefined;
    }
  }

  async reopen(id: string): Promise<boolean> {
    return (await this.deadline.run(this.connections.producer.jobsReopen(this.keys.base, id))) === 1;
  }

  async counts(queues: readonly string[]): Promise<Record<string, { completed: number; failed: number }>> {
    if (queues.length === 0) return {};
    await this.deadline.run(this.filer.file());
    const fields = queues.flatMap((queue) => [`${queue}:completed`, `${queue}:failed`]);
    const values = await this.deadline.run(this.connections.producer.hmget(this.keys.counts, ...fields));
    const numbers = values.map((value) => Number(value ?? 0));
    return Object.fromEntries(
      queues.map((queue, index) => [queue, { completed: numbers[2 * index]!, failed: numbers[2 * index + 1]! }]),
    );
  }

  /** Until what `attach` has stored counts, and is bounded. */
  async close(): Promise<void> {
    await this.filer.close();
  }

  private readonly attachRecord: NonNullable<ExecutionStore['attach']> = (queue, jobId, entry) => {
    let records = this.alongByQueue.get(queue);
    if (!records) this.alongByQueue.set(queue, (records = this.along.ofQueue(this.keys.bullKeys(queue))));
    records[jobId] = this.argumentsOf(entry);
    this.filer.wake();
  };

  private argumentsOf(entry: ExecutionWrite): RecordArguments {
    const { id, job, queue, fence, final, head, attempt, step, keep } = entry;
    const age = keep.count > 0 ? storableAge(keep.age) : 0;
    const whole: WholeRecord = { job, queue, fence, final: final!, head, attempt: attempt!, ...(step && { step }) };
    return [this.keys.base, id, JSON.stringify(whole), age, packr.pack(toTuple(entry, ''))];
  }

  private warnOfType(key: string): void {
    this.warnCorrupt(key, 'it was of another type');
  }

  private warnCorrupt(key: string, problem: string): void {
    this.logger.warn(`The record ${key} is corrupt and is left out: ${problem}`);
  }
}

/** One argument for a whole batch: each of a dozen for every record would cost as much as the record. */
const packr = new Packr({ useRecords: false });

/** As the script reads it. */
function toTuple(entry: ExecutionWrite, record: string): unknown[] {
  const { id, job, queue, fence, final, head, attempt, step, keep } = entry;
  return [
    id,
    job,
    queue,
    fence,
    final ?? '',
    record,
    attempt !== undefined,
    step ? step.name : '',
    step ? JSON.stringify(step) : '',
    storableCount(keep.count),
    storableAge(keep.age),
    head.completedAt ?? attempt?.finishedAt ?? head.createdAt,
  ];
}

/** All of an execution that completed at once. */
interface WholeRecord {
  readonly job: string;
  readonly queue: string;
  readonly fence: number;
  readonly final: string;
  readonly head: object;
  readonly attempt: object;
  readonly step?: object;
}

/** @throws CorruptRecordError */
function decodeWhole(id: string, text: string): StoredExecution {
  const { job, queue, fence, final, head, attempt, step } = readPart(text) as WholeRecord;
  const steps = step ? [{ sequence: 0, text: JSON.stringify(step) }] : [];
  return readExecution({ id, job, queue, fence, final, head, attempts: [attempt], steps });
}

function toFields(list: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let index = 0; index < list.length; index += 2) fields[list[index]!] = list[index + 1]!;
  return fields;
}

/** What the script writes as `m`. */
const META = /^(\d+):([a-z]*)$/;

interface RecordPair {
  readonly head: object;
  /** Absent at an end without an attempt. */
  readonly attempt?: object;
}

/** @throws CorruptRecordError */
function decode(id: string, fields: Record<string, string>): StoredExecution {
  const meta = META.exec(fields['m'] ?? '');
  if (!meta) throw new CorruptRecordError('its field m cannot be read');
  const attempts: object[] = [];
  const steps: { sequence: number; text: string }[] = [];
  let head: object | undefined;
  let newest = -1;
  for (const [field, value] of Object.entries(fields)) {
    if (field.startsWith('s:')) steps.push(splitSequence(value));
    const isEnd = field === 'h';
    if (!isEnd && !field.startsWith('r:')) continue;
    const record = readPart(value) as RecordPair;
    if (record.attempt) attempts.push(record.attempt);
    const fence = isEnd ? Infinity : Number(field.slice(2));
    if (fence > newest) [newest, head] = [fence, record.head];
  }
  return readExecution({
    id,
    job: fields['j'] ?? '',
    queue: fields['q'] ?? '',
    fence: Number(meta[1]),
    final: meta[2] || undefined,
    head,
    attempts,
    steps,
  });
}

function splitSequence(value: string): { sequence: number; text: string } {
  const colon = value.indexOf(':');
  return { sequence: Number(value.slice(0, colon)), text: value.slice(colon + 1) };
}

/** Ours, or the store's: not a connection that broke. */
function isCorrupt(error: unknown): error is Error {
  return error instanceof CorruptRecordError || (error instanceof Error && error.message.startsWith('WRONGTYPE'));
}
