import { ErrorCode } from 'bullmq';
import { releaseLock, updateFields, type FieldUpdate } from './move-to-finished.js';
import { becomePendingAgain } from './flow.js';
import type { MemoryQueue } from '../state/memory-queue.js';
import type { SharedMemory } from '../state/shared-memory.js';
import { takeJob, type NextJobAnswer, type Taker } from './take-job.js';

/** Moves of jobs between places, one function per command of BullMQ. A code says why nothing was moved. */

export interface Delaying {
  readonly timestamp: number;
  readonly delay: number;
  readonly skipAttempt: boolean;
  readonly update: FieldUpdate | undefined;
  /** Takes the next job along. */
  readonly taker: Taker | undefined;
}

/** An active job runs again later. @returns the next job if one was asked for and may start. */
export function delayJob(
  queue: MemoryQueue,
  jobId: string,
  token: string,
  how: Delaying,
): NextJobAnswer | ErrorCode | undefined {
  const job = queue.jobs.get(jobId);
  if (!job) return ErrorCode.JobNotExist;
  const lockCode = releaseLock(queue, jobId, token);
  if (lockCode !== undefined) return lockCode;
  updateFields(job, how.update);
  if (job.place !== 'active') return ErrorCode.JobNotInState;
  const wasMaxed = queue.isMaxed;
  queue.leave(job);
  if (!how.skipAttempt) job.attemptsMade++;
  job.delay = how.delay;
  const dueAt = queue.delay(job, how.timestamp, how.delay);
  queue.emit('delayed', jobId, 'delay', String(dueAt));
  const next = how.taker && takeJob(queue, how.taker);
  if (next?.[0]) return next;
  queue.markDue();
  if (wasMaxed) queue.wakeForWork();
  return undefined;
}

/** An active job runs again at once. */
export function retryJob(
  queue: MemoryQueue,
  jobId: string,
  token: string,
  lifo: boolean,
  update: FieldUpdate | undefined,
): ErrorCode | undefined {
  queue.promoteDue(queue.clock.now());
  const job = queue.jobs.get(jobId);
  if (!job) return ErrorCode.JobNotExist;
  const lockCode = releaseLock(queue, jobId, token);
  if (lockCode !== undefined) return lockCode;
  updateFields(job, update);
  if (job.place !== 'active') return ErrorCode.JobNotInState;
  queue.leave(job);
  queue.enqueue(job, lifo ? 'right' : 'left');
  job.attemptsMade++;
  queue.emit('waiting', jobId, 'prev', 'active');
  return undefined;
}

/** An active job goes back to where it was, to be taken next. @returns for how long the rate limit holds. */
export function giveBackJob(queue: MemoryQueue, jobId: string, token: string): { limitedFor: number } | ErrorCode {
  const job = queue.jobs.get(jobId);
  if (!job) return ErrorCode.JobNotExist;
  const lockCode = releaseLock(queue, jobId, token);
  if (lockCode !== undefined) return lockCode;
  if (job.place === 'active') {
    const wasMaxed = queue.isMaxed;
    queue.leave(job);
    if (job.priority > 0) queue.prioritizeFirst(job, job.priority);
    else queue.wait(job, 'right');
    queue.emit('waiting', jobId, 'prev', 'active');
    if (wasMaxed) queue.wakeForWork();
  }
  return { limitedFor: Math.max(0, queue.limiter.ttl(queue.clock.now())) };
}

/** An active job waits for its children, or for one of them. @returns `false` when there is none to wait for. */
export function waitForChildren(
  queue: MemoryQueue,
  jobId: string,
  token: string,
  childKey: string | undefined,
): boolean | ErrorCode {
  const job = queue.jobs.get(jobId);
  if (!job) return ErrorCode.JobNotExist;
  const { children } = job;
  if (children?.failed.size) return ErrorCode.JobHasFailedChildren;
  const isPending = childKey ? children?.pending.has(childKey) : children?.pending.size;
  if (!isPending) return false;
  const lockCode = releaseLock(queue, jobId, token);
  if (lockCode !== undefined) return lockCode;
  if (job.place !== 'active') return ErrorCode.JobNotInState;
  const wasMaxed = queue.isMaxed;
  queue.leave(job);
  queue.rank(job, 'waiting-children', queue.clock.now());
  queue.emit('waiting-children', jobId, 'prev', 'active');
  if (wasMaxed) queue.wakeForWork();
  return true;
}

/** A delayed job runs as soon as it can. */
export function promoteJob(queue: MemoryQueue, jobId: string): ErrorCode | undefined {
  const job = queue.jobs.get(jobId);
  if (job?.place !== 'delayed') return ErrorCode.JobNotInState;
  queue.leave(job);
  queue.enqueue(job, 'left');
  queue.emit('waiting', jobId, 'prev', 'delayed');
  job.delay = 0;
  return undefined;
}

/** A delayed job is due so many milliseconds from now. */
export function changeDelay(queue: MemoryQueue, jobId: string, delay: number): ErrorCode | undefined {
  const job = queue.jobs.get(jobId);
  if (!job) return ErrorCode.JobNotExist;
  if (job.place !== 'delayed') return ErrorCode.JobNotInState;
  queue.leave(job);
  job.delay = delay;
  queue.delayAndTell(job, queue.clock.now(), delay);
  return undefined;
}

/** A waiting job gets another priority; one that does not wait keeps it for later. */
export function changePriority(
  queue: MemoryQueue,
  jobId: string,
  priority: number,
  lifo: boolean,
): ErrorCode | undefined {
  const job = queue.jobs.get(jobId);
  if (!job) return ErrorCode.JobNotExist;
  job.priority = priority;
  if (job.place !== 'prioritized' && job.place !== 'wait') return undefined;
  queue.leave(job);
  if (priority > 0 && lifo) queue.prioritizeFirst(job, priority);
  else queue.enqueue(job, lifo ? 'right' : 'left');
  return undefined;
}

export interface Reprocessing {
  readonly lifo: boolean;
  readonly resetMade: boolean;
  readonly resetStarted: boolean;
}

/** A finished job runs again. */
export function reprocessJob(
  memory: SharedMemory,
  queue: MemoryQueue,
  jobId: string,
  state: 'completed' | 'failed',
  how: Reprocessing,
): ErrorCode | undefined {
  const job = queue.jobs.get(jobId);
  if (!job) return ErrorCode.JobNotExist;
  if (job.place !== state) return ErrorCode.JobNotInState;
  queue.leave(job);
  if (how.resetMade) job.attemptsMade = 0;
  if (how.resetStarted) job.attemptsStarted = 0;
  job.finishedOn = undefined;
  job.processedOn = undefined;
  if (state === 'failed') job.failedReason = undefined;
  else job.returnvalue = undefined;
  queue.enqueue(job, how.lifo ? 'right' : 'left');
  becomePendingAgain(memory, queue.keyOf(jobId), job);
  queue.emit('waiting', jobId, 'prev', state);
  return undefined;
}

/**
 * Finished or delayed jobs wait again, the oldest first. Priorities do not count here.
 * @param until only those that finished, or are due, by then.
 * @returns 1 when there may be more, else 0.
 */
export function moveToWait(
  memory: SharedMemory,
  queue: MemoryQueue,
  state: 'completed' | 'failed' | 'delayed',
  count: number,
  until: number,
): number {
  const jobs = queue.sorted[state].slice(0, Math.min(count, queue.sorted[state].countBelow(Math.floor(until) + 1)));
  for (const job of jobs) {
    if (state !== 'delayed') {
      job.finishedOn = undefined;
      job.processedOn = undefined;
      if (state === 'failed') job.failedReason = undefined;
      else job.returnvalue = undefined;
      becomePendingAgain(memory, queue.keyOf(job.id), job);
    }
    queue.emit('waiting', job.id, 'prev', state);
    queue.leave(job);
    queue.push(job, 'wait', 'left');
  }
  if (jobs.length > 0) queue.wakeUnlessHeld();
  return count - jobs.length <= 0 ? 1 : 0;
}

/**
 * Active jobs whose worker has not renewed its lock since the last check wait again. The check is done once per interval,
 * however many workers ask.
 * @returns their ids.
 */
export function recoverStalled(queue: MemoryQueue, maxStalled: number, interval: number): string[] {
  const now = queue.clock.now();
  if (queue.stalledCheckAt > now) return [];
  queue.stalledCheckAt = now + interval;
  const recovered: string[] = [];
  for (const id of queue.stalled) {
    const job = queue.jobs.get(id);
    if (job?.place !== 'active' || queue.locks.has(id, now)) continue;
    queue.leave(job);
    job.stalledCounter++;
    const isScheduled = job.repeatJobKey !== undefined && queue.schedulers.has(job.repeatJobKey);
    if (job.stalledCounter > maxStalled && !isScheduled) {
      job.deferredFailure = 'job stalled more than allowable limit';
    }
    queue.wait(job, 'right');
    queue.emit('waiting', id, 'prev', 'active');
    queue.emit('stalled', id);
    recovered.push(id);
  }
  queue.stalled.clear();
  for (const { id } of queue.lists.active) queue.stalled.add(id);
  return recovered;
}
