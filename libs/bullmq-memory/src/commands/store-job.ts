import type { JobsOptions } from 'bullmq';
import { MemoryJob } from '../state/memory-job.js';
import type { MemoryQueue } from '../state/memory-queue.js';

/** A job to be stored, whose id is decided. */
export interface NewMemoryJob {
  readonly id: string;
  readonly name: string;
  readonly data: string;
  readonly opts: JobsOptions;
  /** `opts` as JSON, if somebody has it already. */
  readonly optsJson?: string;
  readonly timestamp: number;
  readonly parentKey?: string | undefined;
  readonly parent?: string | undefined;
  readonly repeatJobKey?: string | undefined;
}

/** Options as they are kept: BullMQ's own backends keep no nulls. */
export function optionsText(opts: JobsOptions): string {
  const text = JSON.stringify(opts);
  return text.includes(':null') ? JSON.stringify(opts, (_, value: unknown) => value ?? undefined) : text;
}

/** Keeps a job, in no place yet. */
export function storeJob(queue: MemoryQueue, job: NewMemoryJob): MemoryJob {
  const { opts } = job;
  const old = queue.jobs.get(job.id);
  if (old) queue.leave(old);
  const stored = new MemoryJob(
    job.id,
    job.name,
    job.data,
    job.optsJson ?? optionsText(opts),
    job.timestamp,
    opts.delay ?? 0,
    opts.priority ?? 0,
    job.parentKey,
    job.parentKey === undefined ? undefined : job.parent,
    job.repeatJobKey,
    opts.deduplication?.id,
  );
  queue.jobs.set(job.id, stored);
  queue.emit('added', job.id, 'name', job.name);
  return stored;
}

/** Puts a stored job where its options say. */
export function placeJob(queue: MemoryQueue, job: MemoryJob, lifo: boolean | undefined): void {
  if (job.delay > 0) return queue.delayAndTell(job, job.timestamp, job.delay);
  queue.enqueue(job, lifo ? 'right' : 'left');
  queue.emit('waiting', job.id);
}
