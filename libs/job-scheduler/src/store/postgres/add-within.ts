import type { JobJson } from 'bullmq';
import { QueueFullError } from '../../errors/queue-errors.js';
import type { SqlDriver } from './driver/sql-driver.js';
import type { SqlNames } from './sql-names.js';

/** What `njs_add_within` raises when there is no room. */
const NO_ROOM = 'NJ001';

/** Adds jobs to a queue, all or none. @throws QueueFullError */
export type AddWithin = (queue: string, entries: readonly { job: JobJson; jobId: string }[]) => Promise<string[]>;

/** As BullMQ's function `add_flow` reads a job that has no parent and no children. */
function toFlowEntry(queue: string, { job, jobId }: { job: JobJson; jobId: string }): Record<string, unknown> {
  const { opts } = job;
  const delay = job.delay ?? opts.delay ?? 0;
  return {
    queue,
    id: jobId,
    name: job.name,
    data: job.data ?? '{}',
    opts: job.delay === undefined ? opts : { ...opts, delay },
    priority: job.priority ?? opts.priority ?? 0,
    delay,
    timestamp: job.timestamp,
    attempts: opts.attempts ?? 1,
    dedupId: job.deduplicationId ?? null,
    lifo: opts.lifo ?? false,
  };
}

/**
 * Calls of one queue go out one after the other: each waits for the same lock, and would take a connection from the pool
 * meanwhile, until none is left for anything else.
 * @param limit how many may wait.
 */
export function addWithin(driver: SqlDriver, names: SqlNames, limit: number): AddWithin {
  let turn: Promise<unknown> = Promise.resolve();

  async function add(queue: string, entries: Parameters<AddWithin>[1]): Promise<string[]> {
    try {
      const { rows } = await driver.queryInSchema<{ id: string }>(
        `SELECT id FROM ${names.addWithin}($1, $2, $3::jsonb) AS t(id)`,
        [queue, limit, JSON.stringify(entries.map((entry) => toFlowEntry(queue, entry)))],
      );
      return rows.map(({ id }) => id);
    } catch (error) {
      throw (error as { code?: unknown }).code === NO_ROOM ? new QueueFullError(queue, limit, entries.length) : error;
    }
  }

  return (queue, entries) => {
    const added = turn.then(() => add(queue, entries));
    turn = added.catch(() => undefined);
    return added;
  };
}
