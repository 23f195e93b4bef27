import type { JobsOptions } from 'bullmq';
import {
  LOOK_AT_MOST,
  type AgedJob,
  type DeadLetterStore,
  type FailedFilter,
  type FailedJob,
  type FailedPage,
  type FailedPlace,
  type FailedQueue,
} from '../ports/dead-letter-store.js';
import { PAGE_BYTES } from '../ports/history-store.js';
import type { StoreDeadline } from '../store-deadline.js';
import type { SqlDriver } from './driver/sql-driver.js';

interface FailedRow {
  readonly id: string;
  readonly at: string | number;
  readonly name: string;
  readonly data: unknown;
  readonly opts: JobsOptions;
  readonly added: string | number;
  readonly made: number;
  readonly started: number;
  readonly stalled: number | null;
  readonly scheduler: string | null;
  readonly reason: string | null;
  readonly stack: string | null;
}

/** How many there are, the large ones with them that are not given. */
type Sized = Readonly<Record<'found', string | number>>;

/** Queue, job name, latest time: the first three parameters. */
const FILTER = `queue = $1 AND state = 'failed' AND ($2::text IS NULL OR name = $2)
  AND ($3::bigint IS NULL OR finished_at_ms <= $3)`;

/** BullMQ's table of jobs. */
export class SqlDeadLetterStore implements DeadLetterStore {
  constructor(
    private readonly driver: SqlDriver,
    private readonly deadline: StoreDeadline,
  ) {}

  async list(queue: string, filter: FailedFilter, limit: number, before?: FailedPlace): Promise<FailedPage<FailedJob>> {
    const rows = await this.query<FailedRow & Sized>(
      `SELECT job.id, finished_at_ms AS at, name, data, opts, added_at_ms AS added, attempts_made AS made,
         attempts_started AS started, stalled_count AS stalled, scheduler_id AS scheduler, failed_reason AS reason,
         stacktrace ->> -1 AS stack, sized.found
       FROM (
         SELECT id, count(*) OVER () AS found, sum(size) OVER (ORDER BY at DESC, id COLLATE "C" DESC) - size AS size_before
         FROM (
           SELECT id, finished_at_ms AS at, octet_length(coalesce(data::text, '')) AS size FROM job
           WHERE ${FILTER} AND ($4::bigint IS NULL OR finished_at_ms <= $4)
             AND ($4::bigint IS NULL OR finished_at_ms < $4 OR ($5::text IS NOT NULL AND id COLLATE "C" < $5))
           ORDER BY finished_at_ms DESC, id COLLATE "C" DESC LIMIT $6
         ) listed
       ) sized JOIN job ON job.queue = $1 AND job.id = sized.id
       WHERE sized.size_before < ${PAGE_BYTES} ORDER BY finished_at_ms DESC, job.id COLLATE "C" DESC`,
      [queue, ...values(filter, before), limit + 1],
    );
    const page = toPage(rows, limit, toFailedJob);
    const last = rows.at(-1);
    if (!last || Number(last.found) === rows.length) return page;
    return { ...page, next: { at: Number(last.at), id: last.id }, isLarge: true };
  }

  async ids(queue: string, filter: FailedFilter, limit: number, after?: FailedPlace): Promise<FailedPage<string>> {
    const rows = await this.query<Pick<FailedRow, 'id' | 'at'>>(
      `SELECT id, finished_at_ms AS at FROM job
       WHERE ${FILTER} AND ($4::bigint IS NULL OR finished_at_ms >= $4)
         AND ($4::bigint IS NULL OR finished_at_ms > $4 OR $5::text IS NULL OR id COLLATE "C" > $5)
       ORDER BY finished_at_ms, id COLLATE "C" LIMIT $6`,
      [queue, ...values(filter, after), limit + 1],
    );
    return toPage(rows, limit, ({ id }) => id);
  }

  async count(queue: string, filter: FailedFilter): Promise<number> {
    const [row] = await this.query<{ count: string | number }>(`SELECT count(*) AS count FROM job WHERE ${FILTER}`, [
      queue,
      ...values(filter, undefined).slice(0, 2),
    ]);
    return Number(row!.count);
  }

  async aged(queue: string, now: number, after?: FailedPlace): Promise<FailedPage<AgedJob>> {
    const rows = await this.query<Pick<FailedRow, 'id' | 'at' | 'name'> & { opts: JobsOptions | null }>(
      `SELECT id, finished_at_ms AS at, name,
         CASE WHEN jsonb_typeof(opts #> '{removeOnFail,age}') = 'number'
           AND finished_at_ms + (opts #>> '{removeOnFail,age}')::numeric * 1000 <= $4 THEN opts END AS opts
       FROM job
       WHERE queue = $1 AND state = 'failed' AND ($2::bigint IS NULL OR finished_at_ms >= $2)
         AND ($2::bigint IS NULL OR finished_at_ms > $2 OR $3::text IS NULL OR id COLLATE "C" > $3)
       ORDER BY finished_at_ms, id COLLATE "C" LIMIT $5`,
      [queue, after?.at ?? null, after?.id ?? null, now, LOOK_AT_MOST + 1],
    );
    const page = toPage(rows, LOOK_AT_MOST, ({ id, at, name, opts }) => ({ id, name, opts, failedAt: Number(at) }));
    return { ...page, items: page.items.filter((job): job is AgedJob => job.opts !== null) };
  }

  /** In the order in which they failed, so that they wait in it, too. */
  async retry({ name }: FailedQueue, ids: readonly string[]): Promise<number> {
    const [row] = await this.query<{ count: string | number }>(
      `WITH own AS MATERIALIZED (
         SELECT id FROM job WHERE queue = $1 AND id = ANY($2::text[]) AND state = 'failed'
         ORDER BY finished_at_ms, id COLLATE "C" FOR UPDATE
       ), moved AS MATERIALIZED (SELECT reprocess_job($1, id, 'failed', false, true, false) AS code FROM own)
       SELECT count(*) FILTER (WHERE code = 1) AS count FROM moved`,
      [name, ids],
    );
    return Number(row!.count);
  }

  async discard({ name }: FailedQueue, ids: readonly string[]): Promise<number> {
    const [row] = await this.query<{ count: string | number }>(
      `WITH own AS MATERIALIZED (
         SELECT id FROM job WHERE queue = $1 AND id = ANY($2::text[]) AND state = 'failed'
         ORDER BY finished_at_ms, id COLLATE "C" FOR UPDATE
       ), gone AS MATERIALIZED (SELECT remove($1, id, false) AS n FROM own)
       SELECT count(*) FILTER (WHERE n = 1) AS count FROM gone`,
      [name, ids],
    );
    return Number(row!.count);
  }

  private async query<Row>(text: string, parameters: readonly unknown[]): Promise<Row[]> {
    return (await this.deadline.run(this.driver.queryInSchema<Row>(text, parameters))).rows;
  }
}

function values({ job, until }: FailedFilter, place: FailedPlace | undefined): unknown[] {
  return [job ?? null, until ?? null, place?.at ?? null, place?.id ?? null];
}

/** One more was asked for, to see whether there is one. */
function toPage<Row extends Pick<FailedRow, 'id' | 'at'>, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
): FailedPage<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(toItem),
    ...(rows.length > limit && last && { next: { at: Number(last.at), id: last.id } }),
  };
}

function toFailedJob(row: FailedRow): FailedJob {
  return {
    job: {
      id: row.id,
      name: row.name,
      data: row.data,
      opts: row.opts,
      timestamp: Number(row.added),
      attemptsMade: row.made,
      attemptsStarted: row.started,
      stalledCounter: row.stalled ?? 0,
      ...(row.scheduler !== null && { repeatJobKey: row.scheduler }),
    },
    failedAt: Number(row.at),
    reason: row.reason ?? '',
    stack: row.stack || undefined,
  };
}
