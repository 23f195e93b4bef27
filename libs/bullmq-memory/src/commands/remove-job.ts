import { leaveParent } from './flow.js';
import type { MemoryJob } from '../state/memory-job.js';
import type { MemoryQueue } from '../state/memory-queue.js';
import type { SharedMemory } from '../state/shared-memory.js';

/** Which jobs of a tree stay. */
export interface TreeOptions {
  readonly children: boolean;
  /** Children that have finished, or failed for good, stay. */
  readonly keepProcessed: boolean;
  /** Children that somebody works on stay. */
  readonly keepLocked: boolean;
}

/** Forgets a job, and its parent forgets it. `hard`: see `leaveParent`. */
export function dropJob(
  memory: SharedMemory,
  queue: MemoryQueue,
  job: MemoryJob,
  { hard, deduplication }: { hard: boolean; deduplication: boolean },
): void {
  leaveParent(
    memory,
    queue.keyOf(job.id),
    job.parentKey,
    hard ? { own: queue, deduplicationId: job.deduplicationId } : undefined,
  );
  if (deduplication) releaseDeduplication(queue, job);
  queue.leave(job);
  queue.jobs.delete(job.id);
}

function releaseDeduplication(queue: MemoryQueue, job: MemoryJob): void {
  const { deduplicationId } = job;
  if (deduplicationId === undefined) return;
  if (queue.deduplication.release(deduplicationId, job.id, queue.clock.now()))
    queue.deduplication.dropNext(deduplicationId);
}

/** Whether somebody works on it, or on one of its unfinished children if they are asked for. */
export function isLocked(memory: SharedMemory, queue: MemoryQueue, jobId: string, withChildren: boolean): boolean {
  if (queue.locks.has(jobId, queue.clock.now())) return true;
  const children = withChildren ? queue.jobs.get(jobId)?.children : undefined;
  if (!children) return false;
  for (const key of children.pending) {
    const child = memory.locate(key);
    if (child && isLocked(memory, child.queue, child.job.id, true)) return true;
  }
  return false;
}

/** Removes a job wherever it is, and its children if `options` say so. */
export function removeTree(
  memory: SharedMemory,
  queue: MemoryQueue,
  job: MemoryJob,
  parentKey: string | undefined,
  options: TreeOptions,
): void {
  if (options.keepLocked && isLocked(memory, queue, job.id, false)) return;
  if (options.keepProcessed && job.place === 'failed') return;
  leaveParent(memory, queue.keyOf(job.id), parentKey ?? job.parentKey);
  if (options.children) removeChildren(memory, queue, job, options);
  const place = queue.leave(job);
  releaseDeduplication(queue, job);
  if (queue.jobs.delete(job.id)) queue.emit('removed', job.id, 'prev', place ?? 'unknown');
}

export function removeChildren(memory: SharedMemory, queue: MemoryQueue, job: MemoryJob, options: TreeOptions): void {
  const { children } = job;
  if (!children) return;
  const finished = options.keepProcessed
    ? []
    : [...children.processed.keys(), ...children.ignored.keys(), ...children.failedKeys()];
  for (const key of [...finished, ...children.pending]) {
    const child = memory.locate(key);
    if (child) removeTree(memory, child.queue, child.job, queue.keyOf(job.id), options);
  }
}
