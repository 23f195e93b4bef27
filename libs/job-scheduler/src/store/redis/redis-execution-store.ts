import { Logger } from '@nestjs/common';
import { CorruptRecordError, readExecution, storableAge, storableCount } from '../execution-codec.js';
import type { ExecutionWrite, StepRecord, StoredExecution } from '../execution-record.js';
import type { ExecutionStore } from '../ports.js';
import type { StoreDeadline } from '../store-deadline.js';
import type { RedisConnections } from './redis-connections.js';
import type { RedisKeys } from './redis-keys.js';

/** Scripts' answers. */
const REFUSED = 0;
const REPLACED_CORRUPT = 2;

/** Attempts, steps and outcomes, in one hash per execution. */
export class RedisExecutionStore implements ExecutionStore {
  private readonly logger = new Logger('JobScheduler');

  constructor(
    private readonly connections: RedisConnections,
    private readonly keys: RedisKeys,
    private readonly deadline: StoreDeadline,
    /** On a Cluster our keys and a queue's are on different nodes. */
    readonly ordered: boolean,
  ) {}

  async write(entries: readonly ExecutionWrite[]): Promise<boolean[]> {
    if (entries.length === 0) return [];
    const values: (string | number)[] = [];
    for (const entry of entries) pushEntry(values, entry);
    // A worker's, in the order in which its queues are told; a process that only enqueues has none.
    const answers = await this.connections.any.jobsWrite(this.keys.base, ...values);
    for (const key of answers.slice(entries.length)) this.warnCorrupt(String(key), 'it was of another type');
    return entries.map((_, index) => answers[index] !== REFUSED);
  }

  async recordStep(id: string, job: string, queue: string, fence: number, step: StepRecord): Promise<boolean> {
    const key = this.keys.execution(id);
    const answer = await this.connections.worker.jobsStep(key, fence, job, queue, step.name, JSON.stringify(step));
    if (answer === REPLACED_CORRUPT) this.warnCorrupt(key, 'it was of another type');
    return answer !== REFUSED;
  }

  async load(id: string): Promise<StoredExecution | undefined> {
    const key = this.keys.execution(id);
    try {
      const fields = await this.deadline.run(this.connections.producer.hgetall(key));
      return Object.keys(fields).length === 0 ? undefined : decode(id, fields);
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
    const fields = queues.flatMap((queue) => [`${queue}:completed`, `${queue}:failed`]);
    const values = await this.deadline.run(this.connections.producer.hmget(this.keys.counts, ...fields));
    const numbers = values.map((value) => Number(value ?? 0));
    return Object.fromEntries(
      queues.map((queue, index) => [queue, { completed: numbers[2 * index]!, failed: numbers[2 * index + 1]! }]),
    );
  }

  private warnCorrupt(key: string, problem: string): void {
    this.logger.warn(`The record ${key} is corrupt and is left out: ${problem}`);
  }
}

function pushEntry(values: (string | number)[], entry: ExecutionWrite): void {
  const { attempt, step } = entry;
  values.push(
    entry.id,
    entry.job,
    entry.queue,
    entry.fence,
    entry.final ?? '',
    JSON.stringify(entry.head),
    attempt ? JSON.stringify(attempt) : '',
    step ? step.name : '',
    step ? JSON.stringify(step) : '',
    storableCount(entry.keep.count),
    storableAge(entry.keep.age),
    entry.head.completedAt ?? attempt?.finishedAt ?? entry.head.createdAt,
  );
}

/** @throws CorruptRecordError */
function decode(id: string, fields: Record<string, string>): StoredExecution {
  const attempts: string[] = [];
  const steps: { sequence: number; text: string }[] = [];
  for (const [field, value] of Object.entries(fields)) {
    if (field.startsWith('a:')) attempts.push(value);
    if (field.startsWith('s:')) steps.push(splitSequence(value));
  }
  return readExecution({
    id,
    job: fields['j'] ?? '',
    queue: fields['q'] ?? '',
    fence: Number(fields['f'] ?? NaN),
    final: fields['e'],
    head: fields['h'],
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
