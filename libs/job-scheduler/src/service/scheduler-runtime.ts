import type { Logger } from '@nestjs/common';
import type { RepeatStrategy } from 'bullmq';
import type { Clock } from '../definition/clock.js';
import type { JobDefinition } from '../definition/job-definition.js';
import { within } from '../definition/within.js';
import { createRepeatStrategy } from '../definition/schedule-pattern.js';
import type { Admission } from '../execution/admission.js';
import type { FleetCancel } from '../execution/fleet-cancel.js';
import { JobExecutor } from '../execution/job-executor.js';
import { LogWriter } from '../execution/log-writer.js';
import { OnFailAction } from '../execution/on-fail.js';
import type { ResolvedOptions } from '../options/resolved-options.js';
import type { JobRegistry } from '../registry/job-registry.js';
import type { ScheduleApplier } from '../scheduling/schedule-appliance.js';
import { ScheduleEntries, type ScheduleRepair } from '../scheduling/schedule-entries.js';
import type { ScheduleTiming } from '../scheduling/schedule-timing.js';
import { recordSkippedFires } from '../scheduling/skipped-fires.js';
import { openTickQueue } from '../scheduling/tick-queue.js';
import { ScheduleTicker } from '../scheduling/schedule-ticker.js';
import { openStore } from '../store/open-store.js';
import type { EngineQueue, Store } from '../store/ports.js';
import type { StoreHolder } from '../store/store-holder.js';
import { WorkerPool } from '../worker/worker-pool.js';
import type { Enqueuer } from './enqueuer.js';
import type { EventBus } from './event-bus.js';
import type { ExecutionFinder } from './execution-finder.js';
import { Heartbeat } from './heartbeat.js';
import { HistorySweep } from './history-sweep.js';
import { RepairWatch } from './repair-watch.js';

/** How long the tick queue may take to close, in milliseconds. */
const CLOSE_WITHIN = 1_000;

/**
 * The moving parts of one module in this process: the store, the worker pool and the schedules, as its roles say.
 * Opened once, started and stopped as often as one likes, closed once.
 */
export class SchedulerRuntime implements ScheduleApplier {
  readonly workerId: string;
  /** Schedules that were found broken and repaired. */
  readonly repairs: RepairWatch;
  private pool: WorkerPool | undefined;
  /** What the pool's jobs log. */
  private lines: LogWriter | undefined;
  private ticker: ScheduleTicker | undefined;
  private heartbeat: Heartbeat | undefined;
  private sweep: HistorySweep | undefined;
  private running = false;
  /** Starts and stops follow each other, whoever asks. */
  private turn: Promise<void> = Promise.resolve();
  private readonly repeatStrategy: RepeatStrategy;
  /** Opened at its first use; nobody takes its jobs but the ticker. */
  private ticks: EngineQueue | undefined;

  constructor(
    private readonly options: ResolvedOptions,
    private readonly registry: JobRegistry,
    private readonly holder: StoreHolder,
    private readonly enqueuer: Enqueuer,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly fleet: FleetCancel,
    private readonly admission: Admission,
    private readonly timing: ScheduleTiming,
    private readonly events: EventBus,
    private readonly finder: ExecutionFinder,
  ) {
    this.repairs = new RepairWatch(clock);
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
    this.events.open();
  }

  /** Whether this process takes jobs, or fires schedules. */
  get isRunning(): boolean {
    return this.running;
  }

  get workerPool(): WorkerPool | undefined {
    return this.pool;
  }

  start(): Promise<void> {
    return this.next(async () => {
      if (this.running) return;
      const store = this.holder.require('start the job scheduler');
      const { roles } = this.options;
      this.running = roles.has('worker') || roles.has('scheduler');
      if (this.running) await this.events.start();
      try {
        if (roles.has('worker')) await this.startWorking(store);
        if (roles.has('scheduler')) await this.startFiring(store);
        if (this.running) this.startSweeping(store);
      } catch (error) {
        await this.halt();
        throw error;
      }
    });
  }

  /** Schedules and fetching stop at once; running jobs get `shutdownTimeout` (semantics, "Stopping"). */
  stop(): Promise<void> {
    return this.next(() => this.halt());
  }

  /** A job was registered while the app runs: its schedules are to fire. */
  async refreshSchedules(): Promise<void> {
    await this.next(async () => {
      await this.ticker?.reconcile();
    });
  }

  /** Brings BullMQ's entries of these schedules in line with the store, also in a process that fires none. */
  async apply(ids: readonly string[]): Promise<void> {
    await this.entries(this.holder.require('apply schedules')).apply(ids);
  }

  /** Only processes that run jobs have a heartbeat: the fleet is counted by it. */
  private async startWorking(store: Store): Promise<void> {
    this.heartbeat = new Heartbeat(store.presence, this.workerId, this.options.lockDuration, this.clock);
    await this.heartbeat.start();
    const pool = this.makePool(store);
    this.pool = pool;
    await this.fleet.serve({
      abort: (id, reason) => pool.abort(id, reason),
      giveUp: (id) => pool.find(id)?.giveUp(),
    });
    await pool.start();
  }

  private async startFiring(store: Store): Promise<void> {
    await this.repairs.listen(store.signals);
    this.ticker = this.makeTicker(store);
    await this.ticker.start();
  }

  private startSweeping(store: Store): void {
    const onError = (error: Error) => this.logger.debug(`Old records could not be deleted: ${error.message}`);
    this.sweep = new HistorySweep(store, this.workerId, this.clock, onError);
    this.sweep.start();
  }

  private async halt(): Promise<void> {
    const { pool, ticker, heartbeat, sweep } = this;
    this.running = false;
    this.heartbeat = undefined;
    this.sweep = undefined;
    const { shutdownTimeout } = this.options;
    await Promise.all([ticker?.stop(shutdownTimeout), pool?.stop(shutdownTimeout), sweep?.stop()]);
    await this.lines?.close();
    this.lines = undefined;
    await this.fleet.stop();
    await within(Promise.all([this.repairs.close(), this.ticks?.close()]), this.clock, CLOSE_WITHIN);
    this.ticks = undefined;
    this.pool = undefined;
    this.ticker = undefined;
    await heartbeat?.stop();
  }

  private entries(store: Store): ScheduleEntries {
    const { clock, logger } = this;
    return new ScheduleEntries({ store, ticks: () => this.tickQueue(store), clock, logger });
  }

  private tickQueue(store: Store): EngineQueue {
    if (!this.ticks) {
      this.ticks = openTickQueue(store, this.repeatStrategy);
      this.ticks.on('error', (error) => this.logger.debug(`Tick queue: ${error.message}`));
    }
    return this.ticks;
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
    const { admission, events } = this;
    const { history, telemetry } = options;
    const logs = new LogWriter({ logs: store.logs, clock, logger, events });
    this.lines = logs;
    const services = { executions, clock, logger, workerId, history, onFail, admission, events, telemetry, logs };
    return new WorkerPool({
      store,
      runner: new JobExecutor(services, this.registry, options.defaults),
      queues: options.queues,
      order: options.queueOrder,
      concurrency: options.concurrency,
      lockDuration: options.lockDuration,
      workerId,
      telemetry,
      clock,
      onError: (error) => logger.debug(error.message),
      onStalled: (id) => this.events.wanted && void this.tellStalled(id),
    });
  }

  private async tellStalled(id: string): Promise<void> {
    const at = new Date(this.clock.now());
    const found = await this.finder.find(id).catch(() => undefined);
    if (!found) return;
    const { job, queue } = found;
    this.events.emit({ type: 'stalled', at, id, job, queue, workerId: this.workerId });
  }

  private tellRepaired({ scheduleId, job, trouble, at }: ScheduleRepair): void {
    this.events.emit({
      type: 'schedule-repaired',
      at: new Date(at),
      id: scheduleId,
      scheduleId,
      job,
      queue: this.registry.find(job)?.definition.queue ?? this.options.defaults.queue,
      workerId: this.workerId,
      repair: { trouble },
    });
  }

  private makeTicker(store: Store): ScheduleTicker {
    const { clock, logger, options, workerId } = this;
    const { defaults, history } = options;
    return new ScheduleTicker({
      store,
      clock,
      logger,
      ticks: this.tickQueue(store),
      settings: { repeatStrategy: this.repeatStrategy },
      entries: this.entries(store),
      workerId,
      lockDuration: options.lockDuration,
      telemetry: options.telemetry,
      timing: this.timing,
      defaults,
      definitions: () => this.definitions(),
      find: (job) => this.registry.find(job)?.definition,
      enqueueFire: async ({ id, job, payload, ...cause }) => {
        // One that no code here stands for fails where it is taken, and is kept for a retry.
        const ref = this.registry.find(job) ? job : { jobName: job };
        await this.enqueuer.enqueue(ref, payload, { id }, { ...cause, isFire: true });
      },
      recordSkipped: recordSkippedFires({
        executions: store.executions,
        clock,
        defaults,
        history,
        events: this.events,
      }),
      enqueueFirstRun: async (definition, id) => {
        await this.enqueuer.enqueue(definition.name, definition.schedules[0]?.payload, { id }, { trigger: 'schedule' });
      },
      onRepair: (repair) => {
        this.repairs.report(repair, store.signals);
        if (this.events.wanted) this.tellRepaired(repair);
      },
    });
  }
}
