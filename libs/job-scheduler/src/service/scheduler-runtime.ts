import type { Logger } from '@nestjs/common';
import type { RepeatStrategy } from 'bullmq';
import type { Clock } from '../definition/clock.js';
import type { JobDefinition } from '../definition/job-definition.js';
import { createRepeatStrategy } from '../definition/schedule-pattern.js';
import type { Admission } from '../execution/admission.js';
import type { FleetCancel } from '../execution/fleet-cancel.js';
import { JobExecutor } from '../execution/job-executor.js';
import { OnFailAction } from '../execution/on-fail.js';
import type { ResolvedOptions } from '../options/resolved-options.js';
import type { JobRegistry } from '../registry/job-registry.js';
import { EntryApplier } from '../scheduling/entry-applier.js';
import type { ScheduleApplier } from '../scheduling/schedule-appliance.js';
import { listSchedules, type ScheduledJob } from '../scheduling/schedule-list.js';
import { openTickQueue } from '../scheduling/tick-queue.js';
import { ScheduleTicker } from '../scheduling/schedule-ticker.js';
import { openStore } from '../store/open-store.js';
import type { Store } from '../store/ports.js';
import type { StoreHolder } from '../store/store-holder.js';
import { WorkerPool } from '../worker/worker-pool.js';
import type { Enqueuer } from './enqueuer.js';
import { Heartbeat } from './heartbeat.js';

/**
 * The moving parts of one module in this process: the store, the worker pool and the schedules, as its roles say.
 * Opened once, started and stopped as often as one likes, closed once.
 */
export class SchedulerRuntime implements ScheduleApplier {
  readonly workerId: string;
  private pool: WorkerPool | undefined;
  private ticker: ScheduleTicker | undefined;
  private heartbeat: Heartbeat | undefined;
  /** Starts and stops follow each other, whoever asks. */
  private turn: Promise<void> = Promise.resolve();
  private readonly repeatStrategy: RepeatStrategy;

  constructor(
    private readonly options: ResolvedOptions,
    private readonly registry: JobRegistry,
    private readonly holder: StoreHolder,
    private readonly enqueuer: Enqueuer,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly fleet: FleetCancel,
    private readonly admission: Admission,
  ) {
    this.workerId = fleet.workerId;
    this.repeatStrategy = createRepeatStrategy((problem) => this.logger.error(problem));
  }

  /** Connects to the store. @throws StoreUnavailableError, StoreInUseError, StoreUnsupportedError, DriverMissingError */
  async open(): Promise<void> {
    const { connection, prefix } = this.options;
    const store = await openStore({ connection, prefix, clock: this.clock });
    store.onAvailability((available, error) => {
      if (available) this.logger.log(`The job store at ${store.address} is back`);
      else this.logger.warn(`The job store at ${store.address} is lost: ${error?.message ?? 'no connection'}`);
    });
    this.holder.set(store);
  }

  /** Whether this process takes jobs, or fires schedules. */
  get isRunning(): boolean {
    return this.heartbeat !== undefined;
  }

  get workerPool(): WorkerPool | undefined {
    return this.pool;
  }

  start(): Promise<void> {
    return this.next(async () => {
      if (this.isRunning) return;
      const store = this.holder.require('start the job scheduler');
      const { roles, lockDuration } = this.options;
      this.heartbeat = new Heartbeat(store.presence, this.workerId, lockDuration, this.clock);
      await this.heartbeat.start();
      if (roles.has('worker')) {
        const pool = this.makePool(store);
        this.pool = pool;
        await this.fleet.serve({
          abort: (id, reason) => pool.abort(id, reason),
          giveUp: (id) => pool.find(id)?.giveUp(),
        });
        await pool.start();
      }
      if (roles.has('scheduler')) {
        this.ticker = this.makeTicker(store);
        await this.ticker.start();
      }
    });
  }

  /** Schedules and fetching stop at once; running jobs get `shutdownTimeout` (semantics, "Stopping"). */
  stop(): Promise<void> {
    return this.next(async () => {
      const { pool, ticker, heartbeat } = this;
      this.heartbeat = undefined;
      const { shutdownTimeout } = this.options;
      await Promise.all([ticker?.stop(shutdownTimeout), pool?.stop(shutdownTimeout)]);
      await this.fleet.stop();
      this.pool = undefined;
      this.ticker = undefined;
      await heartbeat?.stop();
    });
  }

  /** A job was registered while the app runs: its schedules are to fire. */
  async refreshSchedules(): Promise<void> {
    await this.next(async () => this.ticker?.reconcile());
  }

  /** Brings BullMQ's entries of these schedules in line with the store, also in a process that fires none. */
  async apply(ids: readonly string[]): Promise<void> {
    const store = this.holder.require('apply schedules');
    const queue = openTickQueue(store, this.repeatStrategy);
    try {
      await new EntryApplier(queue, store.schedules).apply(ids);
    } finally {
      await queue.close();
    }
  }

  async schedules(): Promise<ScheduledJob[]> {
    const queue = openTickQueue(this.holder.require('list schedules'), this.repeatStrategy);
    try {
      return await listSchedules(queue, this.definitions());
    } finally {
      await queue.close();
    }
  }

  private definitions(): JobDefinition[] {
    return this.registry.all().map(({ definition }) => definition);
  }

  private next(work: () => Promise<void>): Promise<void> {
    const done = this.turn.then(work);
    this.turn = done.catch(() => undefined);
    return done;
  }

  private makePool(store: Store): WorkerPool {
    const { clock, logger, options, workerId } = this;
    const onFail = new OnFailAction(clock, logger, async (job, failure, id) => {
      const { error, ...rest } = failure;
      const told = { name: error.name, message: error.message, stack: error.stack };
      await this.enqueuer.enqueue(job, { ...rest, error: told }, { id }, { trigger: 'on-fail' });
    });
    const { executions } = store;
    const { admission } = this;
    const services = { executions, clock, logger, workerId, history: options.history, onFail, admission };
    return new WorkerPool({
      store,
      runner: new JobExecutor(services, this.registry, options.defaults),
      queues: options.queues,
      order: options.queueOrder,
      concurrency: options.concurrency,
      lockDuration: options.lockDuration,
      workerId,
      telemetry: options.telemetry,
      clock,
      onError: (error) => logger.debug(error.message),
    });
  }

  private makeTicker(store: Store): ScheduleTicker {
    const { clock, logger, options, workerId } = this;
    return new ScheduleTicker({
      store,
      clock,
      logger,
      repeatStrategy: this.repeatStrategy,
      workerId,
      lockDuration: options.lockDuration,
      telemetry: options.telemetry,
      definitions: () => this.definitions(),
      enqueueFire: async ({ id, scheduleId, scheduledFor, job, payload }) => {
        await this.enqueuer.enqueue(job, payload, { id }, { trigger: 'schedule', scheduleId, scheduledFor });
      },
      enqueueFirstRun: async (definition, id) => {
        await this.enqueuer.enqueue(definition.name, definition.schedules[0]?.payload, { id }, { trigger: 'schedule' });
      },
    });
  }
}
