import { finishStats } from '../codecs/finish-stats.js';
import { storableAge, storableCount } from '../codecs/execution-codec.js';
import type { ExecutionWrite, StepRecord, StoredExecution } from '../ports/execution-record.js';
import type { ExecutionStore } from '../ports/ports.js';
import type { StoreDeadline } from '../store-deadline.js';
import type { SqlClient } from './driver/sql-driver.js';
import { executionColumns, type ExecutionRow, readRowOrWarn } from './execution-row.js';
import { jsonArray, SQL_NOW, type SqlNames } from './sql-names.js';

/** Attempts, steps and outcomes in tables. */
export class SqlExecutionStore implements ExecutionStore {
  /** A pool's connections overtake each other. */
  readonly ordered = false;

  constructor(
    private readonly client: SqlClient,
    private readonly callers: SqlClient,
    private readonly names: SqlNames,
    private readonly deadline: StoreDeadline,
  ) {}

  async write(entries: readonly ExecutionWrite[]): Promise<boolean[]> {
    if (entries.length === 0) return [];
    const stats = entries.map(finishStats);
    const { rows } = await this.client.query<{ answers: boolean[] }>(
      `SELECT ${this.names.write}($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[],
         $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::bigint[], $13::text[], $14::bigint[], $15::int[],
         $16::text[]) AS answers`,
      [
        entries.map(({ id }) => id),
        entries.map(({ job }) => job),
        entries.map(({ queue }) => queue),
        entries.map(({ fence }) => fence),
        entries.map(({ final }) => final ?? null),
        jsonArray(entries.map(({ head }) => JSON.stringify(head))),
        jsonArray(entries.map(({ attempt }) => (attempt ? JSON.stringify(attempt) : null))),
        entries.map(({ step }) => (step ? step.name : null)),
        jsonArray(entries.map(({ step }) => (step ? JSON.stringify(step) : null))),
        entries.map(({ keep }) => storableCount(keep.count)),
        entries.map(({ keep }) => storableAge(keep.age)),
        stats.map(({ at }) => at),
        stats.map(({ scheduleId }) => scheduleId ?? null),
        stats.map(({ duration }) => duration ?? null),
        stats.map(({ bucket }) => bucket ?? null),
        jsonArray(stats.map(({ error }) => (error ? JSON.stringify(error) : null))),
      ],
    );
    return rows[0]!.answers;
  }

  async recordStep(id: string, job: string, queue: string, fence: number, step: StepRecord): Promise<boolean> {
    const { rows } = await this.client.query<{ stored: boolean }>(
      `SELECT ${this.names.recordStep}($1, $2, $3, $4, $5, $6) AS stored`,
      [id, job, queue, fence, step.name, JSON.stringify(step)],
    );
    return rows[0]!.stored;
  }

  async load(id: string): Promise<StoredExecution | undefined> {
    const { rows } = await this.deadline.run(
      this.callers.query<ExecutionRow>(
        `SELECT ${executionColumns(this.names)} FROM ${this.names.execution} e
         WHERE id = $1 AND (expires_at IS NULL OR expires_at > ${SQL_NOW})`,
        [id],
      ),
    );
    return rows[0] && readRowOrWarn(this.names, rows[0]);
  }

  async reopen(id: string): Promise<boolean> {
    return (await this.reopenAll([id])).length === 1;
  }

  async forget(id: string, fence: number): Promise<boolean> {
    const { rows } = await this.deadline.run(
      this.callers.query<{ id: string }>(
        `DELETE FROM ${this.names.execution} WHERE id = $1 AND fence = $2::bigint AND final IS NULL RETURNING id`,
        [id, fence],
      ),
    );
    return rows.length === 1;
  }

  async reopenAll(ids: readonly string[]): Promise<string[]> {
    const { rows } = await this.deadline.run(
      this.callers.query<{ id: string }>(
        `UPDATE ${this.names.execution} SET final = NULL, ended_at = NULL, expires_at = NULL
         WHERE id IN (
           SELECT id FROM ${this.names.execution}
           WHERE id = ANY($1::text[]) AND final = 'failed' AND expires_at > ${SQL_NOW}
           ORDER BY id COLLATE "C" FOR UPDATE
         ) RETURNING id`,
        [ids],
      ),
    );
    return rows.map(({ id }) => id);
  }

  async counts(queues: readonly string[]): Promise<Record<string, { completed: number; failed: number }>> {
    if (queues.length === 0) return {};
    const { rows } = await this.deadline.run(
      this.callers.query<{ queue: string; completed: string | number; failed: string | number }>(
        `SELECT queue, completed, failed FROM ${this.names.count} WHERE queue = ANY($1::text[])`,
        [queues],
      ),
    );
    const known = new Map(rows.map((row) => [row.queue, row]));
    return Object.fromEntries(
      queues.map((queue) => [
        queue,
        { completed: Number(known.get(queue)?.completed ?? 0), failed: Number(known.get(queue)?.failed ?? 0) },
      ]),
    );
  }
}
