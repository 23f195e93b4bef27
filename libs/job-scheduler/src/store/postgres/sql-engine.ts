import { Queue, type BackendFactory, type IQueueBackend } from 'bullmq';
import type {
  JobHeading,
  EngineEvents,
  EngineQueue,
  EngineQueueOptions,
  EngineScheduler,
  QueueEngine,
} from '../ports/ports.js';
import { EventStream } from '../event-stream.js';
import { toEngineScheduler } from '../engine-scheduler.js';
import { type PastEnd, PLACE_EVENTS, toPastEnd } from '../ports/past-end.js';
import type { StoreDeadline } from '../store-deadline.js';
import type { SqlDriver } from './driver/sql-driver.js';

interface SchedulerRow {
  readonly key: string;
  readonly next: string | number | null;
  readonly pattern: string | null;
  readonly tz: string | null;
  readonly start_date: string | number | null;
  readonly end_date: string | number | null;
  readonly data: string | null;
  readonly has_job: boolean;
}

/** BullMQ wants something here; its backends get the store's own connections. */
const CONNECTION = { store: 'sql' };

/** BullMQ on PostgreSQL. The schema is the namespace: there is no prefix. */
export class SqlEngine implements QueueEngine {
  constructor(
    /** For what runs jobs. */
    readonly backend: BackendFactory<IQueueBackend, unknown>,
    private readonly callersBackend: BackendFactory<IQueueBackend, unknown>,
    private readonly deadline: StoreDeadline,
    private readonly driver: SqlDriver,
  ) {}

  /** BullMQ hands all options on to the backend. */
  queue(name: string, options: EngineQueueOptions = {}): EngineQueue {
    const queue: EngineQueue = new Queue(
      name,
      { ...options, connection: CONNECTION },
      this.deadline.guard(this.callersBackend),
    );
    // The store tells when it is lost; BullMQ writes errors without a listener on the console.
    queue.on('error', () => undefined);
    return queue;
  }

  events(name: string): EngineEvents {
    return new EventStream(name, this.workerOptions(), this.backend);
  }

  workerOptions(): { connection: unknown } {
    return { connection: CONNECTION };
  }

  /** NOTIFY reaches every process. */
  passMarkerOn(): Promise<void> {
    return Promise.resolve();
  }

  async schedulers(name: string, keys?: readonly string[]): Promise<EngineScheduler[]> {
    const { rows } = await this.deadline.run(
      this.driver.queryInSchema<SchedulerRow>(
        `SELECT scheduler_id AS key, next_run_ms AS next, pattern, tz, start_date_ms AS start_date,
           end_date_ms AS end_date, template_data::text AS data,
           EXISTS (SELECT 1 FROM job j WHERE j.queue = s.queue
             AND j.id = 'repeat:' || s.scheduler_id || ':' || s.next_run_ms) AS has_job
         FROM scheduler s WHERE queue = $1 AND ($2::text[] IS NULL OR scheduler_id = ANY($2::text[]))`,
        [name, keys ?? null],
      ),
    );
    return rows.map(({ start_date: startDate, end_date: endDate, has_job: hasJob, ...row }) =>
      toEngineScheduler({ ...row, startDate, endDate, hasJob }),
    );
  }

  async headings(name: string, jobIds: readonly string[]): Promise<JobHeading[]> {
    const { rows } = await this.deadline.run(
      this.driver.queryInSchema<Omit<JobHeading, 'timestamp' | 'processedOn'> & Record<'added' | 'processed', unknown>>(
        `SELECT id, name, added_at_ms AS added, processed_at_ms AS processed, attempts_made AS "attemptsMade"
         FROM job WHERE queue = $1 AND id = ANY($2::text[])`,
        [name, jobIds],
      ),
    );
    return rows.map(({ added, processed, ...row }) => ({
      ...row,
      timestamp: Number(added),
      processedOn: processed === null ? undefined : Number(processed),
    }));
  }

  /** BullMQ's own list begins with the newest, whichever end it is asked for. */
  async firstWaiting(queue: EngineQueue): Promise<string[]> {
    const first = (condition: string, order: string) =>
      `(SELECT id FROM job WHERE queue = $1 AND state = 'waiting' AND ${condition} ORDER BY ${order} LIMIT 1)`;
    const { rows } = await this.deadline.run(
      this.driver.queryInSchema<{ id: string }>(
        `${first('priority = 0', 'seq')} UNION ALL ${first('priority > 0', 'priority, seq')}`,
        [queue.name],
      ),
    );
    return rows.map(({ id }) => id);
  }

  async dueTimes(name: string, jobIds: readonly string[]): Promise<Map<string, number>> {
    if (jobIds.length === 0) return new Map();
    const { rows } = await this.deadline.run(
      this.driver.queryInSchema<{ id: string; at: string | number }>(
        `SELECT id, process_at_ms AS at FROM job
         WHERE queue = $1 AND id = ANY($2::text[]) AND state = 'delayed' AND process_at_ms IS NOT NULL`,
        [name, jobIds],
      ),
    );
    return new Map(rows.map(({ id, at }) => [id, Number(at)]));
  }

  async pastEnds(name: string, jobIds: readonly string[]): Promise<Map<string, PastEnd>> {
    const { rows } = await this.deadline.run(
      this.driver.queryInSchema<{ id: string; event: string; value: string | null }>(
        `SELECT DISTINCT ON (data->>'jobId') data->>'jobId' AS id, event,
           coalesce(data->>'returnvalue', data->>'failedReason') AS value
         FROM event WHERE queue = $1 AND event = ANY($2::text[]) AND data->>'jobId' = ANY($3::text[])
         ORDER BY data->>'jobId', event.id DESC`,
        [name, PLACE_EVENTS, jobIds],
      ),
    );
    const ends = rows.map(({ id, event, value }) => [id, toPastEnd(event, value)] as const);
    return new Map(ends.filter((end): end is [string, PastEnd] => end[1] !== undefined));
  }
}
