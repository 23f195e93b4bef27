import type { FinalStatus } from '../../definition/job-status.js';
import { readPart } from '../codecs/execution-codec.js';
import type { ErrorRecord, StoredExecution } from '../ports/execution-record.js';
import { readCursor, toCursor } from '../history-cursor.js';
import {
  type EndedFilter,
  type EndedPage,
  FINALS,
  type HistoryScope,
  type HistoryStore,
  PAGE_BYTES,
  perFinal,
  type StoredStats,
} from '../ports/history-store.js';
import type { StoreDeadline } from '../store-deadline.js';
import { readOrWarn } from './corrupt-warnings.js';
import { toFields } from './execution-codec.js';
import type { HistoryIndexer } from './finish/history-indexer.js';
import type { RedisConnections } from './connection/redis-connections.js';
import type { RedisKeys } from './redis-keys.js';

/** Records that one call deletes: Redis does nothing else meanwhile. */
const CLEARED_AT_ONCE = 2_000;
/** Jobs that one call of a sweep looks at. */
const SWEPT_AT_ONCE = 20;

type Stored = string | readonly string[];

/** Lists and figures of ended executions, by the indexes that `history-index.lua` keeps. */
export class RedisHistoryStore implements HistoryStore {
  constructor(
    private readonly connections: RedisConnections,
    private readonly keys: RedisKeys,
    private readonly deadline: StoreDeadline,
    private readonly indexer: HistoryIndexer,
  ) {}

  async list({ job, scheduleId, final, limit, before }: EndedFilter): Promise<EndedPage> {
    let place: [at: number | '', set: string, member: string] =
      // Redis takes any text, and members of these sets hold NUL.
      typeof before === 'string' ? readCursor(before, [0, '', ''], () => true) : [before ?? '', '', ''];
    // Of a job and a schedule the schedule's are fewer, and are of one job, as long as it is not given another.
    const [kind, name] = scheduleId === undefined ? (['ended', job ?? ''] as const) : (['fired', scheduleId] as const);
    const items: StoredExecution[] = [];
    for (;;) {
      const wanted = limit - items.length;
      const [more, at, set, member, ...found] = await this.whenIndexed(() =>
        this.connections.producer.jobsListHistory(
          this.keys.base,
          kind,
          name,
          final ?? '',
          wanted,
          ...place,
          PAGE_BYTES,
        ),
      );
      for (let index = 0; index < found.length; index += 2) {
        const execution = readOrWarn(this.keys, String(found[index]), found[index + 1] as Stored);
        if (execution && (job === undefined || execution.job === job)) items.push(execution);
      }
      place = [Number(at), String(set), String(member)];
      if (more !== 1) return { items };
      const isEndedByBytes = found.length < 2 * wanted && items.length > 0;
      if (items.length >= limit || isEndedByBytes || scheduleId === undefined || job === undefined)
        return { items, next: toCursor(place) };
    }
  }

  async loadMany(ids: readonly string[]): Promise<Map<string, StoredExecution>> {
    const loaded = new Map<string, StoredExecution>();
    if (ids.length === 0) return loaded;
    const answer = await this.deadline.run(this.connections.producer.jobsLoadMany(this.keys.base, ...ids));
    for (const [index, stored] of answer.entries()) {
      const execution = stored === null ? undefined : readOrWarn(this.keys, ids[index]!, stored);
      if (execution) loaded.set(execution.id, execution);
    }
    return loaded;
  }

  async stats(jobs: readonly string[] = []): Promise<StoredStats[]> {
    const answer = await this.whenIndexed(() => this.connections.producer.jobsHistoryStats(this.keys.base, ...jobs));
    return Array.from({ length: answer.length / 2 }, (_, index) =>
      toStats(String(answer[2 * index]), toFields(answer[2 * index + 1] as string[])),
    );
  }

  async kept(job: string): Promise<Record<FinalStatus, number>> {
    const kept = await this.whenIndexed(() => this.connections.producer.jobsHistoryKept(this.keys.base, job));
    return perFinal((_, index) => kept[index]!);
  }

  async clear(scope: HistoryScope): Promise<void> {
    const [kind, name] = 'job' in scope ? (['ended', scope.job] as const) : (['fired', scope.scheduleId] as const);
    const { producer } = this.connections;
    const clear = () => this.deadline.run(producer.jobsClearHistory(this.keys.base, kind, name, CLEARED_AT_ONCE));
    while ((await clear()) === 1);
  }

  async sweep(): Promise<void> {
    const { any } = this.connections;
    await this.deadline.run(this.indexer.indexPending());
    let after = '';
    do {
      after = await this.deadline.run(any.jobsSweepHistory(this.keys.base, after, SWEPT_AT_ONCE));
    } while (after !== '');
  }

  /** A reader indexes little itself: after a crash, more may wait than one call should index. */
  private async whenIndexed<T>(ask: () => Promise<[left: number, ...T[]]>): Promise<T[]> {
    for (;;) {
      const [left, ...answer] = await this.deadline.run(ask());
      if (left === 0) return answer;
      await this.deadline.run(this.indexer.indexPending());
    }
  }
}

function toStats(job: string, fields: Record<string, string>): StoredStats {
  const number = (field: string) => Number(fields[field] ?? 0);
  const buckets = new Map<number, number>();
  for (const [field, value] of Object.entries(fields)) {
    if (/^b\d+$/.test(field)) buckets.set(Number(field.slice(1)), Number(value));
  }
  const last: Partial<Record<FinalStatus, number>> = {};
  for (const final of FINALS) if (fields[`at:${final}`] !== undefined) last[final] = number(`at:${final}`);
  return {
    job,
    ended: perFinal((final) => number(`n:${final}`)),
    last,
    ...(fields['error'] && { lastError: readPart(fields['error']) as ErrorRecord }),
    durations: { runs: number('runs'), sum: number('sum'), min: number('min'), max: number('max'), buckets },
  };
}
