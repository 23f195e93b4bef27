import type {
  ErrorCode,
  IQueueBackend,
  JobJson,
  KeepJobs,
  MinimalJob,
  MoveToDelayedOpts,
  MoveToWaitingChildrenOpts,
  ParentKeyOpts,
  QueueBaseOptions,
  RetryJobOpts,
  WorkerOptions,
} from 'bullmq';
import { addJob } from '../commands/add-job.js';
import { BackendControl } from './backend-control.js';
import type { MemoryLink } from './backend-link.js';
import { backendError } from './errors.js';
import { moveToFinished } from '../commands/move-to-finished.js';
import { resumeIfComplete } from '../commands/flow.js';
import { delayJob, giveBackJob, recoverStalled, retryJob, waitForChildren } from '../commands/move-job.js';
import { takeJob, type NextJobAnswer, type Taker } from '../commands/take-job.js';

/** Options of whatever part of BullMQ a backend is made for. */
export type BackendOptions = Omit<QueueBaseOptions<unknown>, 'connection'> &
  Partial<Omit<WorkerOptions<unknown>, 'connection'>>;

/** What ending a job needs of it. */
export type FinishedJob = Pick<MinimalJob, 'id' | 'opts'>;

const NOTHING: NextJobAnswer = [null, 0, 0, 0];
/** BullMQ's defaults, for backends that are not a worker's. */
const LOCK_DURATION = 30_000;
const STALLED_INTERVAL = 30_000;
const MAX_STALLED = 1;

/** BullMQ's backend in the memory of this process. Commands take effect when they are called, answers come later. */
export class MemoryBackend extends BackendControl implements IQueueBackend {
  constructor(
    link: MemoryLink,
    name: string,
    private readonly options: BackendOptions,
    isOwner = true,
  ) {
    super(link, name, options.prefix, isOwner);
  }

  forQueue(queueName: string, prefix = this.prefix): MemoryBackend {
    return new MemoryBackend(this.link, queueName, { ...this.options, prefix }, false);
  }

  async addJob(job: JobJson, jobId: string, parentKeyOpts: ParentKeyOpts = {}): Promise<string> {
    this.link.hooks.beforeAdd?.([{ job, jobId }]);
    const answer = addJob(this.memory, this.queue, job, jobId, parentKeyOpts);
    await this.turn();
    if (typeof answer === 'string') return answer;
    throw backendError(answer, { parentKey: parentKeyOpts.parentKey, command: 'addJob' });
  }

  /** As with BullMQ's other backends, a code takes the place of the id of a job that was refused. */
  async addJobs(entries: { job: JobJson; jobId: string; parentKeyOpts?: ParentKeyOpts }[]): Promise<string[]> {
    this.link.hooks.beforeAdd?.(entries);
    const ids = entries.map(({ job, jobId, parentKeyOpts }) =>
      addJob(this.memory, this.queue, job, jobId, parentKeyOpts),
    );
    await this.turn();
    return ids as string[];
  }

  async addFlow(
    entries: { jobData: JobJson; jobId: string; parentKeyOpts: ParentKeyOpts; prefix: string; queueName: string }[],
  ): Promise<[Error | null, string | number][]> {
    const parents = new Set<string>();
    const answers = entries.map(({ jobData, jobId, parentKeyOpts, prefix, queueName }): [null, string | number] => {
      const queue = this.memory.queue(`${prefix}:${queueName}`);
      if (jobData.parent && parentKeyOpts.parentKey) parents.add(parentKeyOpts.parentKey);
      return [null, addJob(this.memory, queue, jobData, jobId, { ...parentKeyOpts, deferParentRelease: true })];
    });
    for (const key of parents) {
      const parent = this.memory.locate(key);
      if (parent && !parent.job.attachmentFailed) resumeIfComplete(parent, this.memory.clock.now());
      if (parent) parent.job.attachmentFailed = false;
    }
    await this.turn();
    return answers;
  }

  async moveToActive(token: string, name?: string): Promise<NextJobAnswer> {
    const taken = takeJob(this.queue, { ...this.taker(token), name }) ?? NOTHING;
    await this.turn();
    return taken;
  }

  async moveToCompleted<R>(
    job: FinishedJob,
    returnValue: R,
    removeOnComplete: boolean | number | KeepJobs,
    token: string,
    fetchNext: boolean,
  ): Promise<{ result: void | unknown[]; finishedOn: number }> {
    const value = JSON.stringify(returnValue) as string | undefined;
    return this.finish('completed', job, value, removeOnComplete, token, fetchNext);
  }

  async moveToFailed(
    job: FinishedJob,
    failedReason: string,
    removeOnFail: boolean | number | KeepJobs,
    token: string,
    fetchNext: boolean,
    fieldsToUpdate?: Record<string, unknown>,
  ): Promise<{ result: void | unknown[]; finishedOn: number }> {
    return this.finish('failed', job, failedReason, removeOnFail, token, fetchNext, fieldsToUpdate);
  }

  async moveToDelayed(
    jobId: string,
    timestamp: number,
    delay: number,
    token = '0',
    opts: MoveToDelayedOpts = {},
  ): Promise<unknown[]> {
    const answer = delayJob(this.queue, jobId, token, {
      timestamp,
      delay,
      skipAttempt: opts.skipAttempt === true,
      update: opts.fieldsToUpdate,
      taker: opts.fetchNext ? { ...this.taker(token), name: this.options.name } : undefined,
    });
    await this.turn();
    return this.nextOf(answer, jobId, 'moveToDelayed');
  }

  async moveToWaitingChildren(jobId: string, token: string, opts: MoveToWaitingChildrenOpts = {}): Promise<boolean> {
    const { child } = opts;
    const answer = waitForChildren(this.queue, jobId, token, child && `${child.queue}:${child.id}`);
    if (typeof answer === 'boolean') return answer;
    throw backendError(answer, { jobId, command: 'moveToWaitingChildren', state: 'active' });
  }

  async moveJobFromActiveToWait(jobId: string, token = '0'): Promise<number> {
    const answer = giveBackJob(this.queue, jobId, token);
    if (typeof answer === 'object') return answer.limitedFor;
    throw backendError(answer, { jobId, command: 'moveJobFromActiveToWait', state: 'active' });
  }

  async retryJob(jobId: string, lifo: boolean, token = '0', opts: RetryJobOpts = {}): Promise<void> {
    const code = retryJob(this.queue, jobId, token, lifo, opts.fieldsToUpdate);
    await this.turn();
    this.done(code, jobId, 'retryJob', 'active');
  }

  async moveStalledJobsToWait(): Promise<string[]> {
    const { maxStalledCount = MAX_STALLED, stalledInterval = STALLED_INTERVAL } = this.options;
    return recoverStalled(this.queue, maxStalledCount, stalledInterval);
  }

  async extendLock(jobId: string, token: string, duration: number): Promise<number> {
    const { locks, stalled, clock } = this.queue;
    if (!locks.extend(jobId, token, clock.now(), duration)) return 0;
    stalled.delete(jobId);
    return 1;
  }

  async extendLocks(jobIds: string[], tokens: string[], duration: number): Promise<string[]> {
    const { locks, stalled, clock } = this.queue;
    return jobIds.filter((id, index) => {
      const isExtended = locks.extend(id, tokens[index]!, clock.now(), duration);
      if (isExtended) stalled.delete(id);
      return !isExtended;
    });
  }

  private async finish(
    state: 'completed' | 'failed',
    job: FinishedJob,
    value: string | undefined,
    shouldRemove: boolean | number | KeepJobs | undefined,
    token: string,
    fetchNext: boolean,
    update?: Record<string, unknown>,
  ): Promise<{ result: unknown[]; finishedOn: number }> {
    const jobId = job.id ?? '';
    const { removeOnComplete, removeOnFail, metrics, name } = this.options;
    const { queue } = this;
    const finishedOn = queue.clock.now();
    const answer = moveToFinished(this.memory, queue, jobId, {
      state,
      value: value ?? 'null',
      keep: keepOf(shouldRemove, state === 'completed' ? removeOnComplete : removeOnFail),
      attempts: job.opts.attempts ?? 0,
      metrics: metrics?.maxDataPoints ?? 0,
      update,
      fetchNext,
      taker: { ...this.taker(token), name },
    });
    await this.turn();
    return { result: this.nextOf(answer, jobId, 'moveToFinished'), finishedOn };
  }

  /** @throws what BullMQ throws for a code. */
  private nextOf(answer: NextJobAnswer | ErrorCode | undefined, jobId: string, command: string): unknown[] {
    if (typeof answer === 'number') throw backendError(answer, { jobId, command, state: 'active' });
    return answer ?? [];
  }

  private taker(token: string): Omit<Taker, 'name'> {
    const { lockDuration = LOCK_DURATION, limiter } = this.options;
    return { token, lockDuration, limiter };
  }
}

/** What is kept of ended jobs: a job's own option counts before its worker's. `count` -1: all. */
function keepOf(shouldRemove: boolean | number | KeepJobs | undefined, workerKeeps: KeepJobs | undefined): KeepJobs {
  if (shouldRemove === undefined) return workerKeeps ?? { count: -1 };
  if (typeof shouldRemove === 'object') return shouldRemove;
  if (typeof shouldRemove === 'number') return { count: shouldRemove };
  return { count: shouldRemove ? 0 : -1 };
}
