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
  noStats,
  PAGE_BYTES,
  perFinal,
  type StoredStats,
} from '../ports/history-store.js';
import type { StoreDeadline } from '../store-deadline.js';
import { executionColumns, executionSize, type ExecutionRow, readRowOrWarn } from './execution-row.js';
import type { SqlClient } from './driver/sql-driver.js';
import { SQL_NOW } from './sql-names.js';
import type { SqlNames } from './sql-names.js';

/** Rows that one statement deletes. */
const DELETED_AT_ONCE = 2_000;

type EndedRow = ExecutionRow & Readonly<Record<'ended_at' | 'seq' | 'found', string | number>>;

type Figure = string | number | null;

interface StatsRow extends Readonly<
  Record<FinalStatus | `${FinalStatus}_at` | 'runs' | 'sum' | 'min' | 'max', Figure>
> {
  readonly job: string;
  readonly error: string | null;
  /** Each with its count. */
  readonly buckets: readonly string[];
}

/** Lists and figures of ended executions, in tables. */
export class SqlHistoryStore implements HistoryStore {
  constructor(
    private readonly client: SqlClient,
    private readonly names: SqlNames,
    private readonly deadline: StoreDeadline,
  ) {}

  async list({ job, scheduleId, final, limit, before }: EndedFilter): Promise<EndedPage> {
    const values: unknown[] = [limit + 1];
    const value = (given: unknown) => `$${values.push(given)}`;
    const conditions = [`e.final IS NOT NULL`, `e.expires_at > ${SQL_NOW}`];
    if (job !== undefined) conditions.push(`e.job = ${value(job)}`);
    if (scheduleId !== undefined) conditions.push(`e.schedule = ${value(scheduleId)}`);
    // As it stands, so that the planner sees which index has them.
    if (final !== undefined) conditions.push(`e.final = '${FINALS.find((each) => each === final)}'`);
    if (typeof before === 'number') conditions.push(`e.ended_at < ${value(before)}`);
    if (typeof before === 'string') {
      const [at, seq] = readCursor(before, [0, 0]);
      conditions.push(`(e.ended_at, e.seq) < (${value(at)}::bigint, ${value(seq)}::bigint)`);
    }
    // Lengths are known without the texts: only what is shown is read.
    const { rows } = await this.deadline.run(
      this.client.query<EndedRow>(
        `SELECT ${executionColumns(this.names)}, e.ended_at, e.seq, sized.found FROM (
           SELECT id, count(*) OVER () AS found, sum(size) OVER (ORDER BY ended_at DESC, seq DESC) - size AS size_before
           FROM (
             SELECT e.id, e.ended_at, e.seq, ${executionSize(this.names)} AS size FROM ${this.names.execution} e
             WHERE ${conditions.join(' AND ')} ORDER BY e.ended_at DESC, e.seq DESC LIMIT $1
           ) listed
         ) sized JOIN ${this.names.execution} e ON e.id = sized.id
         WHERE sized.size_before < ${PAGE_BYTES} ORDER BY e.ended_at DESC, e.seq DESC`,
        values,
      ),
    );
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    const items = page.map((row) => readRowOrWarn(this.names, row)).filter((execution) => execution !== undefined);
    const isMore = last !== undefined && Number(last.found) > page.length;
    return { items, ...(isMore && { next: toCursor([Number(last.ended_at), Number(last.seq)]) }) };
  }

  async loadMany(ids: readonly string[]): Promise<Map<string, StoredExecution>> {
    if (ids.length === 0) return new Map();
    const { rows } = await this.deadline.run(
      this.client.query<ExecutionRow>(
        `SELECT ${executionColumns(this.names)} FROM ${this.names.execution} e
         WHERE e.id = ANY($1::text[]) AND (e.expires_at IS NULL OR e.expires_at > ${SQL_NOW})`,
        [ids],
      ),
    );
    const found = rows.map((row) => readRowOrWarn(this.names, row)).filter((execution) => execution !== undefined);
    return new Map(found.map((execution) => [execution.id, execution]));
  }

  async stats(jobs?: readonly string[]): Promise<StoredStats[]> {
    const { rows } = await this.deadline.run(
      this.client.query<StatsRow>(
        `SELECT s.*, ARRAY(SELECT d.bucket || ' ' || d.runs FROM ${this.names.duration} d WHERE d.job = s.job) AS buckets
         FROM ${this.names.stats} s WHERE $1::text[] IS NULL OR s.job = ANY($1::text[]) ORDER BY s.job COLLATE "C"`,
        [jobs ?? null],
      ),
    );
    const found = rows.map(toStats);
    if (!jobs) return found;
    const byJob = new Map(found.map((stats) => [stats.job, stats]));
    return jobs.map((job) => byJob.get(job) ?? noStats(job));
  }

  async kept(job: string): Promise<Record<FinalStatus, number>> {
    const { rows } = await this.deadline.run(
      this.client.query<{ final: FinalStatus; kept: string | number }>(
        `SELECT final, count(*) AS kept FROM ${this.names.execution}
         WHERE job = $1 AND final IS NOT NULL AND expires_at > ${SQL_NOW} GROUP BY final`,
        [job],
      ),
    );
    const kept = new Map(rows.map((row) => [row.final, Number(row.kept)]));
    return perFinal((final) => kept.get(final) ?? 0);
  }

  async clear(scope: HistoryScope): Promise<void> {
    const [column, name] = 'job' in scope ? ['job', scope.job] : ['schedule', scope.scheduleId];
    await this.deleteWhere(`${column} = $1 AND final IS NOT NULL`, [name]);
  }

  async sweep(): Promise<void> {
    await this.deleteWhere(`expires_at <= ${SQL_NOW}`, []);
  }

  /** Rows that another session deletes at this moment are left to it, so that sessions never wait for each other in a ring. */
  private async deleteWhere(condition: string, values: readonly unknown[]): Promise<void> {
    for (;;) {
      const { rows } = await this.deadline.run(
        this.client.query<{ deleted: string | number }>(
          `WITH gone AS (
             DELETE FROM ${this.names.execution} WHERE id IN (
               SELECT id FROM ${this.names.execution} WHERE ${condition}
               LIMIT ${DELETED_AT_ONCE} FOR UPDATE SKIP LOCKED
             ) RETURNING 1
           ) SELECT count(*) AS deleted FROM gone`,
          values,
        ),
      );
      if (Number(rows[0]!.deleted) < DELETED_AT_ONCE) return;
    }
  }
}

function toStats(row: StatsRow): StoredStats {
  const buckets = row.buckets.map((text) => text.split(' ').map(Number) as [bucket: number, count: number]);
  const number = (figure: Figure | undefined) => Number(figure ?? 0);
  const last: Partial<Record<FinalStatus, number>> = {};
  for (const final of FINALS) {
    const at = row[`${final}_at`];
    if (at !== null && at !== undefined) last[final] = Number(at);
  }
  return {
    job: row.job,
    ended: perFinal((final) => number(row[final])),
    last,
    ...(row.error && { lastError: readPart(row.error) as ErrorRecord }),
    durations: {
      runs: number(row.runs),
      sum: number(row.sum),
      min: number(row.min),
      max: number(row.max),
      buckets: new Map(buckets),
    },
  };
}
