import { ErrorCode, type KeepJobs } from 'bullmq';
import { hold } from './deduplicate.js';
import { leaveParent, tellParent } from './flow.js';
import { NO_LOCK } from '../state/lock-table.js';
import type { MemoryJob } from '../state/memory-job.js';
import type { MemoryQueue } from '../state/memory-queue.js';
import { dropJob } from './remove-job.js';
import type { SharedMemory } from '../state/shared-memory.js';
import { placeJob, storeJob } from './store-job.js';
import { takeJob, type NextJobAnswer, type Taker } from './take-job.js';

/** Fields of a job that change together with its state. */
export interface FieldUpdate {
  readonly failedReason?: string;
  /** JSON. */
  readonly stacktrace?: string;
}

/** How a job ended. */
export interface Finish {
  readonly state: 'completed' | 'failed';
  /** JSON of what it returned, or why it failed. */
  readonly value: string;
  readonly keep: KeepJobs;
  /** Of the job's options: how often it may be tried. */
  readonly attempts: number;
  /** Minutes of metrics to keep; 0: none are kept. */
  readonly metrics: number;
  readonly update: FieldUpdate | undefined;
  /** Takes the next job along. */
  readonly fetchNext: boolean;
  readonly taker: Taker;
}

/** Ended jobs that one finish removes by age, unless it is told otherwise. */
const DEFAULT_LIMIT = 1_000;

/** A lock that the caller must have. @returns a code when it has not. */
export function releaseLock(queue: MemoryQueue, jobId: string, token: string): ErrorCode | undefined {
  if (token === NO_LOCK) return undefined;
  const answer = queue.locks.release(jobId, token, queue.clock.now());
  if (answer === 'missing') return ErrorCode.JobLockNotExist;
  if (answer === 'mismatch') return ErrorCode.JobLockMismatch;
  queue.stalled.delete(jobId);
  return undefined;
}

export function updateFields(job: MemoryJob, update: FieldUpdate | undefined): void {
  if (update?.failedReason !== undefined) job.failedReason = update.failedReason;
  if (update?.stacktrace !== undefined) job.stacktrace = update.stacktrace;
}

/** Moves an active job to its end, tells its parent, and forgets old ended ones. @returns the next job, or a code. */
export function moveToFinished(
  memory: SharedMemory,
  queue: MemoryQueue,
  jobId: string,
  finish: Finish,
): NextJobAnswer | ErrorCode | undefined {
  const job = queue.jobs.get(jobId);
  if (!job) return ErrorCode.JobNotExist;
  const { state } = finish;
  if (state === 'completed' && job.children?.pending.size) return ErrorCode.JobPendingChildren;
  if (state === 'completed' && job.children?.failed.size) return ErrorCode.JobHasFailedChildren;
  const lockCode = releaseLock(queue, jobId, finish.taker.token);
  if (lockCode !== undefined) return lockCode;
  updateFields(job, finish.update);
  if (job.place !== 'active') return ErrorCode.JobNotInState;
  const wasMaxed = queue.isMaxed;
  queue.leave(job);

  const now = queue.clock.now();
  handDeduplicationOn(memory, queue, job, now);
  const key = queue.keyOf(jobId);
  tellParent(memory, key, job, state, finish.value, now);
  const attemptsMade = ++job.attemptsMade;
  if (finish.keep.count === 0) {
    queue.jobs.delete(jobId);
    leaveParent(memory, key, job.parentKey);
  } else {
    keepFinished(memory, queue, job, finish, now);
  }
  queue.emit(state, jobId, state === 'completed' ? 'returnvalue' : 'failedReason', finish.value, 'prev', 'active');
  if (state === 'failed' && attemptsMade >= finish.attempts) {
    queue.emit('retries-exhausted', jobId, 'attemptsMade', String(attemptsMade));
  }
  if (finish.metrics > 0) queue.metrics[state].record(now, finish.metrics);
  return goOn(queue, finish, wasMaxed);
}

function keepFinished(memory: SharedMemory, queue: MemoryQueue, job: MemoryJob, finish: Finish, now: number): void {
  const { state, value } = finish;
  const keep: { count?: number; age?: number; limit?: number } = finish.keep;
  queue.rank(job, state, now);
  job.finishedOn = now;
  if (state === 'completed') job.returnvalue = value;
  else {
    job.failedReason = value;
    job.deferredFailure = undefined;
  }
  const ended = queue.sorted[state];
  const drop = (old: MemoryJob) => dropJob(memory, queue, old, { hard: false, deduplication: false });
  if (keep.age !== undefined) {
    const tooOld = ended.countBelow(Math.floor(now - keep.age * 1_000) + 1);
    const limit = keep.limit ?? DEFAULT_LIMIT;
    for (const old of ended.slice(Math.max(0, tooOld - limit), tooOld)) drop(old);
  }
  if (keep.count !== undefined && keep.count > 0) {
    for (const old of ended.slice(0, ended.size - keep.count)) drop(old);
  }
}

/** The id is free again, unless it is held for a time; the job that came meanwhile is added. */
function handDeduplicationOn(memory: SharedMemory, queue: MemoryQueue, job: MemoryJob, now: number): void {
  const { deduplicationId } = job;
  if (deduplicationId === undefined) return;
  const { deduplication } = queue;
  if (deduplication.ttl(deduplicationId, now) === Infinity) deduplication.release(deduplicationId, job.id, now);
  const next = deduplication.next(deduplicationId);
  if (!next) return;
  deduplication.dropNext(deduplicationId);
  queue.ids++;
  const opts = JSON.parse(next.opts) as Parameters<typeof storeJob>[1]['opts'];
  if (opts.deduplication) hold(queue, next.id, opts.deduplication);
  const stored = storeJob(queue, { ...next, opts, optsJson: next.opts, timestamp: now });
  placeJob(queue, stored, opts.lifo);
  const parent = next.isDependency ? memory.locate(next.parentKey) : undefined;
  if (parent) parent.queue.childrenOf(parent.job).pending.add(queue.keyOf(next.id));
}

function goOn(queue: MemoryQueue, finish: Finish, wasMaxed: boolean): NextJobAnswer | undefined {
  if (finish.fetchNext) {
    const next = takeJob(queue, finish.taker);
    if (next) return next;
  }
  if (wasMaxed) queue.wakeForWork();
  if (!queue.hasWork && queue.lists.active.size === 0) queue.append(['event', 'drained']);
  return undefined;
}
