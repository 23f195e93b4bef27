import { PostgresConnection, PostgresQueueBackend } from 'bullmq';
import type { BackendFactory, IQueueBackend, JobJson, JobType, PgPool } from 'bullmq';
import type { Clock } from '../../../common/clock.js';
import type { EngineQueueOptions } from '../../ports/ports.js';
import { KEY_ORDER, noteKeyOrder } from '../../codecs/key-order.js';
import { addWithin, type AddWithin } from '../add-within.js';
import { EventReader } from '../event-reader.js';
import type { NotificationHub, PgListenClient } from './notification-hub.js';
import type { SqlDriver } from './sql-driver.js';
import type { SqlNames } from '../sql-names.js';

/**
 * BullMQ's view of the database for one queue, worker or event stream. It opens nothing: statements go to the store's
 * driver, and waits to its one connection that listens. BullMQ alone would force the schema `bullmq` on a pool,
 * and take a connection of it per worker.
 */
class SchemaConnection extends PostgresConnection {
  override readonly schema: string;
  private readonly onLost = () => this.emit('listenerinvalidated');

  constructor(
    driver: SqlDriver,
    schema: string,
    private readonly hub: NotificationHub,
  ) {
    super(poolOf(driver));
    this.schema = schema;
    hub.on('lost', this.onLost);
  }

  /** The store has checked and migrated the schema when it was opened. */
  override waitUntilReady(): Promise<void> {
    return Promise.resolve();
  }

  override getListenClient(): Promise<PgListenClient> {
    return Promise.resolve(this.hub.asClient());
  }

  /** A worker has no connection of its own to name. */
  override setListenClientName(): Promise<void> {
    return Promise.resolve();
  }

  /** A connection may die without a word: lanes look at the tables at least every ten seconds. */
  override get hasListenClientKeepAlive(): boolean {
    return false;
  }

  override async close(): Promise<void> {
    this.hub.off('lost', this.onLost);
    await super.close();
  }
}

/** BullMQ only queries it: a connection is for migrations and for LISTEN, which are the store's. */
function poolOf(driver: SqlDriver): PgPool {
  const pool: PgPool = {
    query: (text, parameters) => driver.queryInSchema(text, parameters) as never,
    connect: () => Promise.reject(new Error('BullMQ gets no connection of its own')),
    end: () => Promise.resolve(),
    on: () => pool,
    removeAllListeners: () => pool,
  };
  return pool;
}

type Rest<F> = F extends (first: never, ...rest: infer R) => unknown ? R : never;

function withKeyOrder(job: JobJson): JobJson {
  const note = noteKeyOrder(job.data);
  if (note === undefined) return job;
  const opts: JobJson['opts'] & { [KEY_ORDER]: string } = { ...job.opts, [KEY_ORDER]: note };
  return { ...job, opts };
}

class SchemaBackend extends PostgresQueueBackend {
  private readonly events: EventReader;

  constructor(
    private readonly driver: SqlDriver,
    connection: SchemaConnection,
    name: string,
    options: ConstructorParameters<typeof PostgresQueueBackend>[2],
    events: EventReader,
  ) {
    super(connection, name, options);
    this.events = events;
  }

  override addJob(job: JobJson, ...rest: Rest<PostgresQueueBackend['addJob']>): Promise<string> {
    return super.addJob(withKeyOrder(job), ...rest);
  }

  override addJobs(entries: Parameters<PostgresQueueBackend['addJobs']>[0]): Promise<string[]> {
    return super.addJobs(entries.map((entry) => ({ ...entry, job: withKeyOrder(entry.job) })));
  }

  /** BullMQ on Redis counts a paused queue's jobs as waiting; on PostgreSQL they are of a type that no caller asks for. */
  override async getCounts(types: JobType[], delayedTimestamp?: number): Promise<number[]> {
    const [paused = 0, ...counts] = await super.getCounts(['paused' as JobType, ...types], delayedTimestamp);
    return counts.map((count, index) => (WAITING.has(types[index]!) ? count + paused : count));
  }

  /**
   * BullMQ looks whether a worker has the job and deletes it in two steps, so that one which is taken in between runs on
   * although it is removed. With its row locked first, it is either taken or removed. As on Redis, an event tells of it.
   */
  override async remove(jobId: string, removeChildren: boolean): Promise<number> {
    try {
      const { rows } = await this.driver.queryInSchema<{ n: number }>(
        `WITH own AS MATERIALIZED (SELECT id FROM job WHERE queue = $1 AND id = $2 FOR UPDATE),
           gone AS MATERIALIZED (SELECT remove($1, $2, $3) AS n FROM (SELECT count(*) FROM own) AS held)
         SELECT n, CASE WHEN n > 0 THEN publish_event($1, 'removed', jsonb_build_object('jobId', $2::text)) END FROM gone`,
        [this.queueName, jobId, removeChildren],
      );
      return rows[0]!.n;
    } catch (error) {
      // BullMQ turns its own errors into those of its API.
      if ((error as { code?: unknown }).code === 'BM001') return super.remove(jobId, removeChildren);
      throw error;
    }
  }

  override async readEvents(_id: string, blockTimeout: number): ReturnType<IQueueBackend['readEvents']> {
    return this.closing || this.connection.isClosing ? null : this.events.read(blockTimeout || 5_000);
  }

  override async disconnect(): Promise<void> {
    const disconnected = super.disconnect();
    this.events.cancel();
    await disconnected;
  }
}

/** Of a queue in which at most `limit` jobs may wait. */
class BoundedBackend extends SchemaBackend {
  constructor(
    private readonly addAll: AddWithin,
    ...parts: ConstructorParameters<typeof SchemaBackend>
  ) {
    super(...parts);
  }

  override async addJob(job: JobJson, jobId: string): Promise<string> {
    const [id] = await this.addJobs([{ job, jobId }]);
    return id!;
  }

  override addJobs(entries: { job: JobJson; jobId: string }[]): Promise<string[]> {
    return this.addAll(
      this.queueName,
      entries.map(({ job, jobId }) => ({ job: withKeyOrder(job), jobId })),
    );
  }
}

const WAITING: ReadonlySet<JobType> = new Set(['wait', 'waiting']);

/** BullMQ's backends on one store. What stands in BullMQ's option `connection` does not matter. */
export function sqlBackend(
  driver: SqlDriver,
  names: SqlNames,
  hub: NotificationHub,
  clock: Clock,
): BackendFactory<IQueueBackend, unknown> {
  return (name, options) => {
    const connection = new SchemaConnection(driver, names.plainSchema, hub);
    const parts = [driver, connection, name, options as never, new EventReader(driver, hub, name, clock)] as const;
    const { maxWaiting } = options as EngineQueueOptions;
    return maxWaiting === undefined
      ? new SchemaBackend(...parts)
      : new BoundedBackend(addWithin(driver, names, maxWaiting), ...parts);
  };
}
