import type { OpenMemory } from '#bullmq-memory/extend';
import type { FinalStatus } from '../../definition/job-status.js';
import type { StoredExecution } from '../ports/execution-record.js';
import { readCursor, toCursor } from '../history-cursor.js';
import {
  type EndedFilter,
  type EndedPage,
  type HistoryScope,
  type HistoryStore,
  PAGE_BYTES,
  perFinal,
  type StoredStats,
} from '../ports/history-store.js';
import { readRecordOrWarn, recordsOf } from './memory-execution-store.js';
import type { MemoryRecord, MemoryRecords } from './memory-records.js';

/** Lists and figures of the executions that have ended in this process. */
export class MemoryHistoryStore implements HistoryStore {
  private readonly records: MemoryRecords;

  constructor(private readonly memory: OpenMemory) {
    this.records = recordsOf(memory);
  }

  async list({ job, scheduleId, final, limit, before }: EndedFilter): Promise<EndedPage> {
    const now = this.memory.clock.now();
    const place = placeOf(before);
    const page: MemoryRecord[] = [];
    let size = 0;
    let next: string | undefined;
    for (const record of this.records.ended.ofEither(job, scheduleId)?.descending(place) ?? []) {
      const fits = record.until > now && (final ?? record.final) === record.final && (job ?? record.job) === record.job;
      if (!fits) continue;
      const last = page.at(-1);
      if (last && (page.length === limit || size >= PAGE_BYTES)) {
        next = toCursor([last.score, last.id]);
        break;
      }
      page.push(record);
      size += sizeOf(record);
    }
    const items = page.map((record) => this.read(record)).filter((execution) => execution !== undefined);
    return { items, ...(next !== undefined && { next }) };
  }

  async loadMany(ids: readonly string[]): Promise<Map<string, StoredExecution>> {
    const now = this.memory.clock.now();
    const loaded = new Map<string, StoredExecution>();
    for (const id of ids) {
      const record = this.records.find(id, now);
      const execution = record && this.read(record);
      if (execution) loaded.set(id, execution);
    }
    return loaded;
  }

  async stats(jobs: readonly string[] = this.records.tallies.names): Promise<StoredStats[]> {
    return jobs.map((job) => this.records.tallies.of(job));
  }

  async kept(job: string): Promise<Record<FinalStatus, number>> {
    const now = this.memory.clock.now();
    const kept = perFinal(() => 0);
    for (const { final, until } of this.records.ended.ofJob(job) ?? []) if (final && until > now) kept[final]++;
    return kept;
  }

  async clear(scope: HistoryScope): Promise<void> {
    const { ended } = this.records;
    const set = 'job' in scope ? ended.ofJob(scope.job) : ended.ofSchedule(scope.scheduleId);
    for (const record of set?.slice(0, set.size) ?? []) this.records.drop(record);
  }

  async sweep(): Promise<void> {
    this.records.sweep(this.memory.clock.now());
  }

  private read(record: MemoryRecord): StoredExecution | undefined {
    return readRecordOrWarn(record.id, () => this.records.read(record));
  }
}

function sizeOf({ head = '', attempts, steps }: MemoryRecord): number {
  const texts = [head, ...attempts.values(), ...[...steps.values()].map(({ text }) => text)];
  return texts.reduce((sum, text) => sum + text.length, 0);
}

function placeOf(before: EndedFilter['before']): { score: number; id?: string } | undefined {
  if (typeof before !== 'string') return before === undefined ? undefined : { score: before };
  const [score, id] = readCursor(before, [0, '']);
  return { score, id };
}
