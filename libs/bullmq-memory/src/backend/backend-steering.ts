import {
  ErrorCode,
  type JobProgress,
  type JobsOptions,
  type MinimalJob,
  type RepeatableOptions,
  type RetryOptions,
} from 'bullmq';
import { BackendReads } from './backend-reads.js';
import { cleanQueue, drainQueue, obliterateQueue } from '../commands/empty-queue.js';
import { backendError } from './errors.js';
import { leaveParent } from '../commands/flow.js';
import type { MemoryJob } from '../state/memory-job.js';
import { changeDelay, changePriority, moveToWait, promoteJob, reprocessJob } from '../commands/move-job.js';
import { isLocked, removeChildren, removeTree } from '../commands/remove-job.js';
import { planNext, removeScheduler, upsertScheduler } from '../commands/schedulers.js';

/** BullMQ's commands for those who watch over jobs, and for schedulers. */
export abstract class BackendSteering extends BackendReads {
  async updateData<T>(job: Pick<MinimalJob, 'id'>, data: T): Promise<void> {
    this.jobOf(job.id ?? '', 'updateData').data = JSON.stringify(data);
  }

  async updateProgress(jobId: string, progress: JobProgress): Promise<void> {
    const text = JSON.stringify(progress);
    this.jobOf(jobId, 'updateProgress').progress = text;
    this.queue.emit('progress', jobId, 'data', text);
  }

  async addLog(jobId: string, logRow: string, keepLogs?: number): Promise<number> {
    const logs = (this.jobOf(jobId, 'addLog').logs ??= []);
    logs.push(logRow);
    if (keepLogs && logs.length > keepLogs) logs.splice(0, logs.length - keepLogs);
    return logs.length;
  }

  async clearLogs(jobId: string, keepLogs?: number): Promise<void> {
    const job = this.queue.jobs.get(jobId);
    if (job?.logs) job.logs = keepLogs ? job.logs.slice(-keepLogs) : undefined;
  }

  async promote(jobId: string): Promise<void> {
    this.done(promoteJob(this.queue, jobId), jobId, 'promote', 'delayed');
  }

  async changeDelay(jobId: string, delay: number): Promise<void> {
    this.done(changeDelay(this.queue, jobId, delay), jobId, 'changeDelay', 'delayed');
  }

  async changePriority(jobId: string, priority = 0, lifo = false): Promise<void> {
    this.done(changePriority(this.queue, jobId, priority, lifo), jobId, 'changePriority', '');
  }

  async retryFinishedJob(
    job: Pick<MinimalJob, 'id' | 'opts'>,
    state: 'failed' | 'completed',
    opts: RetryOptions = {},
  ): Promise<void> {
    const jobId = job.id ?? '';
    const how = {
      lifo: job.opts.lifo === true,
      resetMade: opts.resetAttemptsMade === true,
      resetStarted: opts.resetAttemptsStarted === true,
    };
    this.done(reprocessJob(this.memory, this.queue, jobId, state, how), jobId, 'reprocessJob', state);
  }

  async retryFinishedJobs(
    state: 'completed' | 'failed' = 'failed',
    count = 1_000,
    timestamp = this.memory.clock.now(),
  ): Promise<number> {
    return moveToWait(this.memory, this.queue, state, count, timestamp);
  }

  async promoteJobs(count = 1_000): Promise<number> {
    return moveToWait(this.memory, this.queue, 'delayed', count, Infinity);
  }

  async remove(jobId: string, removeChildrenToo: boolean): Promise<number> {
    const job = this.queue.jobs.get(jobId);
    if (!job) return this.queue.locks.has(jobId, this.queue.clock.now()) ? 0 : 1;
    if (this.queue.isPlanned(job)) {
      throw backendError(ErrorCode.JobBelongsToJobScheduler, { jobId, command: 'removeJob' });
    }
    if (isLocked(this.memory, this.queue, jobId, removeChildrenToo)) return 0;
    const options = { children: removeChildrenToo, keepProcessed: false, keepLocked: false };
    removeTree(this.memory, this.queue, job, undefined, options);
    return 1;
  }

  async removeUnprocessedChildren(jobId: string): Promise<void> {
    const job = this.queue.jobs.get(jobId);
    if (job) removeChildren(this.memory, this.queue, job, { children: true, keepProcessed: true, keepLocked: true });
  }

  async removeChildDependency(jobId: string, parentKey: string): Promise<boolean> {
    const job = this.jobOf(jobId, 'removeChildDependency', parentKey);
    if (!this.memory.locate(parentKey)) {
      throw backendError(ErrorCode.ParentJobNotExist, { jobId, parentKey, command: 'removeChildDependency' });
    }
    if (!leaveParent(this.memory, this.toKey(jobId), parentKey)) return false;
    job.parentKey = undefined;
    job.parent = undefined;
    return true;
  }

  async removeDeduplicationKey(deduplicationId: string, jobId: string): Promise<number> {
    return this.queue.deduplication.release(deduplicationId, jobId, this.queue.clock.now()) ? 1 : 0;
  }

  async deleteDeduplicationKey(deduplicationId: string): Promise<number> {
    return this.queue.deduplication.delete(deduplicationId, this.queue.clock.now()) ? 1 : 0;
  }

  async drain(delayed: boolean): Promise<void> {
    drainQueue(this.memory, this.queue, delayed);
  }

  async cleanJobsByState(state: string, timestamp: number, limit = 0): Promise<string[]> {
    return cleanQueue(this.memory, this.queue, state, timestamp, limit);
  }

  async obliterate({ force, count }: { force: boolean; count: number }): Promise<number> {
    const answer = obliterateQueue(this.memory, this.queue, force, count);
    if (answer === 'not paused') throw new Error('Cannot obliterate non-paused queue');
    if (answer === 'has active jobs') throw new Error('Cannot obliterate queue with active jobs');
    return answer === 'done' ? 0 : 1;
  }

  /** Jobs are never in no place here, but for a parent whose place another queue's obliteration took. */
  async removeOrphanedJobs(_count?: number, limit = 0): Promise<number> {
    const { jobs } = this.queue;
    const orphans = [...jobs.values()].filter(({ place }) => place === undefined);
    const removed = limit > 0 ? orphans.slice(0, limit) : orphans;
    for (const { id } of removed) jobs.delete(id);
    return removed.length;
  }

  async addJobScheduler(
    jobSchedulerId: string,
    nextMillis: number,
    templateData: string,
    templateOpts: JobsOptions,
    opts: RepeatableOptions,
    delayedJobOpts: JobsOptions,
  ): Promise<[string, number]> {
    const answer = upsertScheduler(this.memory, this.queue, {
      id: jobSchedulerId,
      next: nextMillis,
      data: templateData,
      templateOpts,
      repeat: opts,
      jobOpts: delayedJobOpts,
    });
    if (typeof answer === 'number') throw backendError(answer, { command: 'addJobScheduler' });
    return answer;
  }

  async updateJobSchedulerNextMillis(
    jobSchedulerId: string,
    nextMillis: number,
    _templateData: string,
    delayedJobOpts: JobsOptions,
    producerId?: string,
  ): Promise<string | null> {
    return planNext(this.queue, jobSchedulerId, nextMillis, delayedJobOpts, producerId) ?? null;
  }

  /** @returns 0 when it was removed, 1 when there was none. */
  async removeJobScheduler(jobSchedulerId: string): Promise<number> {
    return removeScheduler(this.queue, jobSchedulerId) ? 0 : 1;
  }

  /** @throws what BullMQ throws for a job that is not there. */
  protected jobOf(jobId: string, command: string, parentKey?: string): MemoryJob {
    const job = this.queue.jobs.get(jobId);
    if (!job) throw backendError(ErrorCode.JobNotExist, { jobId, parentKey, command });
    return job;
  }

  /** @throws what BullMQ throws for that code; undefined: it was done. */
  protected done(code: ErrorCode | undefined, jobId: string, command: string, state: string): void {
    if (code !== undefined) throw backendError(code, { jobId, command, state });
  }
}
