import { Injectable } from '@nestjs/common';
import type { Observable } from 'rxjs';
import type { JobEvent } from '../definition/job-event.js';
import type { Duration } from '../common/duration.js';
import type { JobOptions } from '../definition/job-options.js';
import type { JobPayload, JobRef, JobResult, KnownRef } from '../definition/job-ref.js';
import type { JobStatus } from '../definition/job-status.js';
import { inspectShort } from '../common/inspect-short.js';
import type { JobFunction } from '../discovery/handlers/function-invoker.js';
import { Actions } from './actions.js';
import { delayUntil, enqueueDuration } from '../jobs/enqueue/check-enqueue-options.js';
import type { EnqueueOptions } from '../jobs/enqueue/enqueue-options.js';
import type { EnqueueArgs, EnqueueManyEntry, RequiredPayload } from '../jobs/enqueue/enqueue-types.js';
import type { Enqueued } from '../jobs/enqueued.js';
import { inTurns } from '../jobs/in-turns.js';
import { Clock } from '../common/clock.js';
import { JobRegistry } from '../discovery/job-registry.js';
import { StoreHolder } from '../store/store-holder.js';
import { Enqueuer } from '../jobs/enqueue/enqueuer.js';
import { Canceller } from '../jobs/cancel/canceller.js';
import { EventBus } from '../events/event-bus.js';
import { ExecutionFinder } from '../jobs/execution-finder.js';
import { FinishWatcher } from '../jobs/finish-watcher.js';
import { LateJobs } from './runtime/late-jobs.js';
import { QueueInfoReader } from '../queues/queue-info-reader.js';
import { ScheduleService } from './schedules/schedule-service.js';
import { SchedulerRuntime } from './runtime/scheduler-runtime.js';
import { JobRetrier } from '../jobs/job-retrier.js';
import { toHandle, type JobHandle } from '../jobs/job-handle.js';
import { summarize, type JobSummary } from './job-summary.js';
import type { QueueInfo } from '../queues/queue-info.js';
import type { ScheduledJob } from './schedules/scheduled-job.js';

/**
 * Enqueues jobs, and looks after executions and queues.
 * Jobs are named by class, by `[Class, 'method']`, by contract, or by name; but for names, payloads are checked at compile time.
 *
 * Calls that reach the store reject with `STORE_UNAVAILABLE` when it has been silent for 5 s. They work from
 * `onModuleInit` on, in every module: the first one opens the store. Before that, in constructors and factories, and after
 * the app has closed, they reject with `NOT_STARTED`.
 */
@Injectable()
export class JobService {
  private readonly actions = new Actions();

  constructor(
    private readonly clock: Clock,
    private readonly registry: JobRegistry,
    private readonly late: LateJobs,
    private readonly enqueuer: Enqueuer,
    private readonly finder: ExecutionFinder,
    private readonly watcher: FinishWatcher,
    private readonly queues: QueueInfoReader,
    private readonly retrier: JobRetrier,
    private readonly canceller: Canceller,
    private readonly runtime: SchedulerRuntime,
    private readonly schedules: ScheduleService,
    private readonly bus: EventBus,
    private readonly holder: StoreHolder,
  ) {}

  /**
   * Puts a job into its queue, to run as soon as there is a slot.
   * @returns a handle once the job is stored: from then on it runs, whatever dies.
   * @throws JobUnknownError, QueueUnknownError, PayloadInvalidError, PayloadTooLargeError, EnqueueOptionsError, QueueFullError,
   * the reason of `signal`: nothing was stored. StoreUnavailableError: repeat with the same `id`, which is safe.
   * @example
   * ```ts
   * const handle = await jobs.enqueue(SendWelcome, { to: 'ada@example.org' });
   * await handle.finished();
   * ```
   */
  async enqueue<const J extends JobRef>(
    job: J & KnownRef<J>,
    ...rest: EnqueueArgs<JobPayload<J>>
  ): Promise<JobHandle<JobResult<J>>> {
    const [payload, options = {}] = rest;
    return this.handle(await this.enqueuer.enqueue(job, payload, options, { trigger: 'enqueue' }));
  }

  /** Runs a job at a time, at most 100 years from now; one in the past: at once. Errors as `enqueue`. */
  async enqueueAt<const J extends JobRef>(
    job: J & KnownRef<J>,
    payload: RequiredPayload<JobPayload<J>>,
    at: Date,
    options: EnqueueOptions = {},
  ): Promise<JobHandle<JobResult<J>>> {
    const delay = delayUntil(at, this.clock.now());
    return this.handle(await this.enqueuer.enqueue(job, payload, options, { trigger: 'enqueue', delay }));
  }

  /** Runs a job after a delay. Errors as `enqueue`. */
  async enqueueIn<const J extends JobRef>(
    job: J & KnownRef<J>,
    payload: RequiredPayload<JobPayload<J>>,
    delay: Duration,
    options: EnqueueOptions = {},
  ): Promise<JobHandle<JobResult<J>>> {
    const cause = { trigger: 'enqueue', delay: enqueueDuration('delay', delay) } as const;
    return this.handle(await this.enqueuer.enqueue(job, payload, options, cause));
  }

  /**
   * Puts many jobs into their queues, however many they are: in portions of up to 250, each in one round trip per queue. All
   * entries are checked before any is stored. Leave a long list and its payloads as they are until this resolves.
   *
   * Into a queue with `maxWaiting` up to 1,000 entries go all together or, with `QUEUE_FULL`, not at all; such queues come
   * first. With `whenFull: 'wait'` they go in one by one when there is no room for all, in order.
   * @throws EnqueueIncompleteError when it ends early and some entries are stored: it says how many, and which are not
   * @returns handles in the order of the entries.
   */
  async enqueueMany<const J extends readonly JobRef[]>(entries: {
    readonly [I in keyof J]: EnqueueManyEntry<J[I]>;
  }): Promise<JobHandle[]> {
    const enqueued = await this.enqueuer.enqueueMany(entries);
    return inTurns(enqueued, (each) => this.handle(each));
  }

  /** Runs a job now, recorded as `manual`; also while it is disabled. Default payload: that of its first schedule. */
  async trigger<const J extends JobRef>(
    job: J & KnownRef<J>,
    payload?: JobPayload<J>,
  ): Promise<JobHandle<JobResult<J>>> {
    await this.holder.ready();
    const given = payload === undefined ? this.registry.require(job).definition.schedules[0]?.payload : payload;
    const run = this.enqueuer.enqueue(job, given, {}, { trigger: 'manual' });
    return this.note(run, (made) => `Job ${inspectShort(made.job)} was run by hand, as ${made.id}`);
  }

  /**
   * Cancels an execution anywhere in the fleet. One that waits, is delayed, or is between two attempts is taken out of its
   * queue. Of one that runs the signal fires, with a `JobCancelError`; it ends as cancelled when its handler ends, whatever
   * that then does, and at its deadline at the latest.
   * @param reason stands in its record, beside who cancelled it: the worker id of this process.
   * @returns `true` when it was taken out, or the process that runs it has fired its signal. `false` when it is not known
   * or has ended, or when nobody answers for it within two seconds: its worker has died, or hangs.
   * @throws FireOwnedError for the next fire of a BullMQ job scheduler that was made by hand
   */
  cancel(id: string, reason = 'cancelled'): Promise<boolean> {
    const cancelled = this.canceller.cancel(id, reason);
    return this.actions.note(cancelled, (done) => (done ? `Execution ${inspectShort(id)} was cancelled` : undefined));
  }

  /**
   * Runs a failed execution again, with all its attempts. Steps that have succeeded are not run again.
   * @throws ExecutionUnknownError, ExecutionNotFailedError
   */
  async retry(id: string): Promise<JobHandle> {
    const retried = this.holder.run('retry an execution', () => this.retrier.retry(id));
    return this.note(retried, () => `Execution ${inspectShort(id)} was brought back to be run again`);
  }

  /**
   * Lets an execution run now that is delayed, or waits for its retry: as soon as there is a slot.
   * @throws ExecutionUnknownError, ExecutionNotDelayedError
   */
  async promote(id: string): Promise<JobHandle> {
    const promoted = this.holder.run('promote an execution', () => this.retrier.promote(id));
    return this.note(promoted, () => `Execution ${inspectShort(id)} was promoted, to run now`);
  }

  /** Where an execution is in its life; undefined when nothing is known of it (any more). */
  getStatus(id: string): Promise<JobStatus | undefined> {
    return this.holder.run('look up an execution', () => this.finder.status(id));
  }

  /** All schedules, with their next runs: those that code declares, and those made at run time. See `ScheduleService`. */
  getScheduled(): Promise<ScheduledJob[]> {
    return this.schedules.list();
  }

  /** The jobs that are registered in this process. */
  getJobs(): JobSummary[] {
    return this.registry.all().map(({ definition }) => summarize(definition));
  }

  /**
   * Adds a job without a decorator. Its schedules start with the app, or at once when it runs already.
   * @throws JobDefinitionError
   */
  register<P = unknown>(options: JobOptions & { name: string }, handler: JobFunction<P>): void {
    this.late.register(options, handler);
  }

  /** Finds the jobs and listeners of modules that `LazyModuleLoader` has loaded. @throws JobDefinitionError */
  discover(): Promise<void> {
    return this.late.discover();
  }

  /** Stops handing out a queue's jobs, over the whole fleet. Running ones go on. @throws QueueUnknownError */
  pauseQueue(name: string): Promise<void> {
    const paused = this.holder.run('pause a queue', () => this.queues.pause(name));
    return this.actions.note(paused, () => `Queue ${inspectShort(name)} was paused`);
  }

  /** @throws QueueUnknownError */
  resumeQueue(name: string): Promise<void> {
    const resumed = this.holder.run('resume a queue', () => this.queues.resume(name));
    return this.actions.note(resumed, () => `Queue ${inspectShort(name)} was resumed`);
  }

  /** @throws QueueUnknownError */
  getQueue(name: string): Promise<QueueInfo> {
    return this.holder.run('look at a queue', () => this.queues.one(name));
  }

  /** In the order of the options. */
  getQueues(): Promise<QueueInfo[]> {
    return this.holder.run('look at queues', () => this.queues.all());
  }

  /**
   * What happens to the fleet's executions from now on, whichever process they run in: states, steps, progress, log lines.
   * News, not a record: what happens while the store's connection is lost is missed. Without a subscriber, nothing is sent.
   * Completes when the app closes. Errors with STORE_UNAVAILABLE when the store cannot be listened to: subscribe again.
   * For this process's own runs see `@OnJobEvent()`; for what is kept, `JobHistory`.
   */
  events(): Observable<JobEvent> {
    return this.bus.all;
  }

  /** Starts the workers and schedules of this process's roles. With `autoStart` the app does it at bootstrap. */
  async start(): Promise<void> {
    await this.holder.ready();
    await this.runtime.start();
  }

  /** Stops them, and waits for running jobs (`shutdownTimeout`). Enqueueing goes on to work. `start()` starts them again. */
  stop(): Promise<void> {
    return this.runtime.stop();
  }

  /** Whether this process takes jobs, or fires schedules. */
  get isRunning(): boolean {
    return this.runtime.isRunning;
  }

  /** This process, as it stands in executions. */
  get workerId(): string {
    return this.runtime.workerId;
  }

  private async note<R>(work: Promise<Enqueued>, what: (made: Enqueued) => string): Promise<JobHandle<R>> {
    return this.handle(await this.actions.note(work, what));
  }

  private handle<R>(enqueued: Enqueued): JobHandle<R> {
    return toHandle(enqueued, this.watcher);
  }
}
