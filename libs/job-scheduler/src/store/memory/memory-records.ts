import { readExecution, storableAge, storableCount } from '../codecs/execution-codec.js';
import type { FinalStatus } from '../../definition/job-status.js';
import type { ExecutionWrite, StepRecord, StoredExecution } from '../ports/execution-record.js';
import { EndedIndex } from './ended-index.js';
import { Tallies } from './tallies.js';

/** One execution as it is stored. `score`: when it ended. */
export interface MemoryRecord {
  readonly id: string;
  job: string;
  scheduleId: string | undefined;
  queue: string;
  fence: number;
  /** JSON, as all that users gave. */
  head: string | undefined;
  final: FinalStatus | undefined;
  score: number;
  until: number;
  readonly attempts: Map<number, string>;
  readonly steps: Map<string, { readonly sequence: number; readonly text: string }>;
}

type Counts = { completed: number; failed: number };

/** Attempts, steps and outcomes of executions; see `ExecutionStore` for what each call means. */
export class MemoryRecords {
  readonly records = new Map<string, MemoryRecord>();
  readonly ended = new EndedIndex<MemoryRecord>();
  readonly tallies = new Tallies();
  private readonly counted = new Map<string, Counts>();

  /** @param onDropped told of each record that goes, and when its time would have been over. */
  constructor(private readonly onDropped: (id: string, until: number) => void = () => undefined) {}

  write(entry: ExecutionWrite, now: number): boolean {
    const head = JSON.stringify(entry.head);
    const stored = this.find(entry.id, now);
    if (stored?.final !== undefined) {
      return stored.fence === entry.fence && stored.final === entry.final && stored.head === head;
    }
    if (stored && stored.fence > entry.fence) return false;
    if (entry.final === 'completed' || entry.final === 'failed') this.countsOf(entry.queue)[entry.final]++;
    if (entry.final !== undefined) this.tallies.add(entry, entry.final);
    const keep = storableCount(entry.keep.count);
    if (entry.final !== undefined && keep === 0) {
      this.records.delete(entry.id);
      this.onDropped(entry.id, Infinity);
      return true;
    }
    const record = stored ?? this.make(entry.id);
    record.job = entry.job;
    record.scheduleId = entry.head.scheduleId;
    record.queue = entry.queue;
    record.fence = entry.fence;
    record.head = head;
    if (entry.attempt) record.attempts.set(entry.fence, JSON.stringify(entry.attempt));
    if (entry.step) addStep(record, entry.step);
    if (entry.final !== undefined) {
      record.score = entry.head.completedAt ?? entry.attempt?.finishedAt ?? entry.head.createdAt;
      this.end(record, entry.final, now + storableAge(entry.keep.age), keep, now);
    }
    return true;
  }

  recordStep(id: string, job: string, queue: string, fence: number, step: StepRecord, now: number): boolean {
    const stored = this.find(id, now);
    if (stored?.final !== undefined || (stored && stored.fence > fence)) return false;
    const record = stored ?? this.make(id);
    record.job = job;
    record.queue = queue;
    record.fence = fence;
    addStep(record, step);
    return true;
  }

  /** @throws CorruptRecordError */
  load(id: string, now: number): StoredExecution | undefined {
    const record = this.find(id, now);
    return record && this.read(record);
  }

  /** @throws CorruptRecordError */
  read(record: MemoryRecord): StoredExecution {
    return readExecution({ ...record, attempts: [...record.attempts.values()], steps: [...record.steps.values()] });
  }

  reopen(id: string, now: number): boolean {
    const record = this.find(id, now);
    if (record?.final !== 'failed') return false;
    this.ended.delete(record);
    record.final = undefined;
    record.until = Infinity;
    return true;
  }

  forget(id: string, fence: number, now: number): boolean {
    const record = this.find(id, now);
    if (!record || record.final !== undefined || record.fence !== fence) return false;
    this.records.delete(id);
    this.onDropped(id, Infinity);
    return true;
  }

  countsOf(queue: string): Counts {
    let counts = this.counted.get(queue);
    if (!counts) this.counted.set(queue, (counts = { completed: 0, failed: 0 }));
    return counts;
  }

  private make(id: string): MemoryRecord {
    const record: MemoryRecord = {
      id,
      job: '',
      scheduleId: undefined,
      queue: '',
      fence: 0,
      head: undefined,
      final: undefined,
      score: 0,
      until: Infinity,
      attempts: new Map(),
      steps: new Map(),
    };
    this.records.set(id, record);
    return record;
  }

  /** Records whose time is over go when they are asked for, and when others of their job end. */
  find(id: string, now: number): MemoryRecord | undefined {
    const record = this.records.get(id);
    if (!record || record.until > now) return record;
    this.drop(record);
    return undefined;
  }

  private end(record: MemoryRecord, final: FinalStatus, until: number, keep: number, now: number): void {
    record.final = final;
    record.until = until;
    this.ended.add(record);
    const ended = this.ended.ofJob(record.job)!;
    while (ended.size > keep || (ended.first && ended.first.until <= now)) this.drop(ended.first!);
  }

  /** It must have ended. */
  drop(record: MemoryRecord): void {
    this.ended.delete(record);
    this.records.delete(record.id);
    this.onDropped(record.id, record.until);
  }

  /** Of jobs that never run again. */
  sweep(now: number): void {
    for (const record of this.records.values()) if (record.until <= now) this.drop(record);
  }
}

function addStep(record: MemoryRecord, step: StepRecord): void {
  record.steps.set(step.name, { sequence: record.steps.size, text: JSON.stringify(step) });
}
