import type { OpenMemory } from '#bullmq-memory/extend';
import { OwnLogger } from '../../common/own-logger.js';
import { CorruptRecordError } from '../codecs/execution-codec.js';
import type { ExecutionWrite, StepRecord, StoredExecution } from '../ports/execution-record.js';
import type { ExecutionStore } from '../ports/ports.js';
import { logsOf } from './memory-log-store.js';
import { MemoryRecords } from './memory-records.js';

/** Where the records of executions stand beside the queues. */
export const recordsOf = (memory: OpenMemory): MemoryRecords =>
  memory.part('executions', () => new MemoryRecords((id, until) => logsOf(memory).ended(id, until)));

const logger = new OwnLogger();

/** What `read` gives; undefined, with a warning, when the record is corrupt. */
export function readRecordOrWarn(id: string, read: () => StoredExecution | undefined): StoredExecution | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CorruptRecordError)) throw error;
    logger.warn(`The record of execution ${id} is corrupt and is left out: ${error.message}`);
    return undefined;
  }
}

export class MemoryExecutionStore implements ExecutionStore {
  /** A write is done when it has been called. */
  readonly ordered = true;
  private readonly records: MemoryRecords;

  constructor(private readonly memory: OpenMemory) {
    this.records = recordsOf(memory);
  }

  async write(entries: readonly ExecutionWrite[]): Promise<boolean[]> {
    const now = this.memory.clock.now();
    return entries.map((entry) => this.records.write(entry, now));
  }

  finishWithRecord(_queue: string, _jobId: string, entry: ExecutionWrite): void {
    // Nothing can come between this and the call that ends the job.
    this.records.write(entry, this.memory.clock.now());
  }

  async recordStep(id: string, job: string, queue: string, fence: number, step: StepRecord): Promise<boolean> {
    return this.records.recordStep(id, job, queue, fence, step, this.memory.clock.now());
  }

  async load(id: string): Promise<StoredExecution | undefined> {
    return readRecordOrWarn(id, () => this.records.load(id, this.memory.clock.now()));
  }

  async reopen(id: string): Promise<boolean> {
    return this.records.reopen(id, this.memory.clock.now());
  }

  async forget(id: string, fence: number): Promise<boolean> {
    return this.records.forget(id, fence, this.memory.clock.now());
  }

  async reopenAll(ids: readonly string[]): Promise<string[]> {
    return ids.filter((id) => this.records.reopen(id, this.memory.clock.now()));
  }

  async counts(queues: readonly string[]): Promise<Record<string, { completed: number; failed: number }>> {
    return Object.fromEntries(queues.map((queue) => [queue, { ...this.records.countsOf(queue) }]));
  }
}
