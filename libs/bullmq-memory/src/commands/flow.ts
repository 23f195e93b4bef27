import type { ParentKeys } from 'bullmq';
import { parentOf, type MemoryJob } from '../state/memory-job.js';
import type { MemoryQueue } from '../state/memory-queue.js';
import type { LocatedJob, SharedMemory } from '../state/shared-memory.js';

/** What becomes of a parent when something becomes of its children. */

/** A parent that waited for its children goes on, by its delay and priority. */
function resume({ queue, job }: LocatedJob, timestamp: number): void {
  if (job.delay > 0) {
    const dueAt = timestamp + job.delay;
    queue.rank(job, 'delayed', dueAt * 0x1000);
    queue.emit('delayed', job.id, 'delay', String(dueAt));
    queue.markDue();
    return;
  }
  queue.enqueue(job, 'right');
  queue.emit('waiting', job.id, 'prev', 'waiting-children');
}

function resumeIfWaiting(parent: LocatedJob, timestamp: number): void {
  if (parent.job.place !== 'waiting-children') return;
  parent.queue.leave(parent.job);
  resume(parent, timestamp);
}

/** If none of its children is pending any more, it goes on. */
export function resumeIfComplete(parent: LocatedJob, timestamp: number): void {
  if (!parent.job.children?.pending.size) resumeIfWaiting(parent, timestamp);
}

/** A child of it has completed, and is no longer pending. */
export function noteProcessed(parent: LocatedJob, childKey: string, returnvalue: string, timestamp: number): void {
  parent.queue.childrenOf(parent.job).processed.set(childKey, returnvalue);
  resumeIfComplete(parent, timestamp);
}

/** A job has finished: its parent learns of it. */
export function tellParent(
  memory: SharedMemory,
  childKey: string,
  child: MemoryJob,
  state: 'completed' | 'failed',
  value: string,
  timestamp: number,
): void {
  const parent = memory.locate(child.parentKey);
  if (!parent) return;
  if (state === 'failed') return tellFailure(parent, childKey, parentOf(child), value, timestamp);
  if (parent.job.children?.pending.delete(childKey)) noteProcessed(parent, childKey, value, timestamp);
}

function tellFailure(
  parent: LocatedJob,
  childKey: string,
  options: ParentKeys | undefined,
  reason: string,
  timestamp: number,
): void {
  const { fpof, cpof, idof, rdof } = options ?? {};
  if (!fpof && !cpof && !idof && !rdof) return;
  const { children } = parent.job;
  if (!children?.pending.delete(childKey)) return;
  if (fpof) {
    children.failed.set(childKey, timestamp);
    failParent(parent, `child ${childKey} failed`, timestamp);
  } else if (cpof) {
    children.ignored.set(childKey, reason);
    resumeIfWaiting(parent, timestamp);
  } else {
    resumeIfComplete(parent, timestamp);
    if (idof) children.ignored.set(childKey, reason);
  }
}

/** It fails as soon as a worker takes it. */
function failParent(parent: LocatedJob, reason: string, timestamp: number): void {
  const { queue, job } = parent;
  const { place } = job;
  if (place !== 'failed') job.deferredFailure = reason;
  if (place === 'delayed') job.delay = 0;
  if (place !== 'delayed' && place !== 'waiting-children') return;
  queue.leave(job);
  resume(parent, timestamp);
}

/** A finished job will run again: its parent waits for it again. */
export function becomePendingAgain(memory: SharedMemory, childKey: string, child: MemoryJob): void {
  const children = memory.locate(child.parentKey)?.job.children;
  if (!children) return;
  if (children.failed.delete(childKey) || children.ignored.delete(childKey) || children.processed.delete(childKey))
    children.pending.add(childKey);
}

/**
 * A child goes away without having finished: its parent no longer waits for it.
 * @param hard the whole queue is being emptied: a parent in `own` that has no other child goes, too.
 * @returns whether the parent was waiting for it.
 */
export function leaveParent(
  memory: SharedMemory,
  childKey: string,
  parentKey: string | undefined,
  hard?: { readonly own: MemoryQueue; readonly deduplicationId: string | undefined },
): boolean {
  const parent = memory.locate(parentKey);
  if (!parent?.job.children?.pending.delete(childKey)) return false;
  const { queue, job } = parent;
  if ((job.children?.pending.size ?? 0) > 0 || job.place !== 'waiting-children') return true;
  queue.leave(job);
  if (hard?.own === queue) {
    leaveParent(memory, queue.keyOf(job.id), job.parentKey, { own: queue, deduplicationId: job.deduplicationId });
    queue.jobs.delete(job.id);
    if (hard.deduplicationId !== undefined) queue.deduplication.delete(hard.deduplicationId, queue.clock.now());
    return true;
  }
  queue.wait(job, 'right');
  if (!hard) queue.emit('waiting', job.id, 'prev', 'waiting-children');
  return true;
}
