import type { JobJson } from 'bullmq';
import { QueueFullError } from '../../errors/queue-errors.js';
import { NO_ROOM } from './migrations/0006-add-within.js';
import type { SqlDriver } from './sql-driver.js';
import type { SqlNames } from './sql-names.js';

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

/** @param limit how many may wait. */
export function addWithin(driver: SqlDriver, names: SqlNames, limit: number): AddWithin {
  return async (queue, entries) => {
    try {
      const { rows } = await driver.queryInSchema<{ id: string }>(
        `SELECT id FROM ${names.addWithin}($1, $2, $3::jsonb) AS t(id)`,
        [queue, limit, JSON.stringify(entries.map((entry) => toFlowEntry(queue, entry)))],
      );
      return rows.map(({ id }) => id);
    } catch (error) {
      throw (error as { code?: unknown }).code === NO_ROOM ? new QueueFullError(queue, limit, entries.length) : error;
    }
  };
}
