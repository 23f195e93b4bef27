import { OwnLogger } from '../../common/own-logger.js';
import { outside } from '../../common/outside.js';
import { settlesWithin } from '../../common/promises.js';
import { LogWriter } from '../../execution/logs/log-writer.js';
import { Declarer } from '../../scheduling/sync/declarer.js';
import type { ScheduleWorker } from '../../scheduling/schedule-worker.js';
import { TickQueue } from '../../scheduling/tick-queue.js';
import { openStore } from '../../store/open-store.js';
import type { Store } from '../../store/ports/ports.js';
import { reasonOf } from '../../store/store-away.js';
import type { WorkerPool } from '../../worker/worker-pool.js';
import { toDeclaredJob } from './declare-job.js';
import { Heartbeat } from './heartbeat.js';
import { DeadLetterSweep } from '../dead-letters/dead-letter-sweep.js';
import { HistorySweep, SWEEP_EVERY } from '../history/history-sweep.js';
import { KeepDeclared } from './keep-declared.js';
import { ScheduleWorkerFactory } from './schedule-worker.factory.js';
import { WorkerPoolFactory } from './worker-pool.factory.js';
import { RepairWatch } from './repair-watch.js';
import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { JobRegistry } from '../../discovery/job-registry.js';
import { EventBus } from '../../events/event-bus.js';
import { RemoteCancel } from '../../jobs/cancel/remote-cancel.js';
import { SlotWaits } from '../../jobs/slot-waits.js';
import { RESOLVED_OPTIONS, type ResolvedOptions, WORKER_ID } from '../../options/resolved-options.js';
import { BullQueues } from '../../queues/bull-queues.js';
import { SCHEDULE_TIMING_TOKEN, type SchedulerTiming } from '../../scheduling/schedule-timing.js';
import { StoreHolder } from '../../store/store-holder.js';
import { StoreTime } from '../../store/store-time.js';
import { storeFault } from '../../store/store-guard.js';

/** How long the tick queue may take to close, in milliseconds. */
const CLOSE_WITHIN = 1_000;

/**
 * The moving parts of one module in this process: the store, the worker pool and the schedules, as its roles say.
 * Opened once, started and stopped as often as one likes, closed once.
 */
@Injectable()
export class SchedulerRuntime {
  private pool: WorkerPool | undefined;
  /** What the pool's jobs log. */
  private lines: LogWriter | undefined;
  private ticker: ScheduleWorker | undefined;
  private heartbeat: Heartbeat | undefined;
  private sweep: HistorySweep | undefined;
  private declared: KeepDeclared | undefined;
  private running = false;
  /** The last start or stop: they follow one another. */
  private last: Promise<void> = Promise.resolve();
  private readonly logger = new OwnLogger();

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    @Inject(SCHEDULE_TIMING_TOKEN) private readonly timing: SchedulerTiming,
    @Inject(WORKER_ID) readonly workerId: string,
    private readonly registry: JobRegistry,
    private readonly holder: StoreHolder,
    private readonly clock: Clock,
    private readonly time: StoreTime,
    private readonly queues: BullQueues,
    private readonly slotWaits: SlotWaits,
    private readonly remoteCancel: RemoteCancel,
    private readonly events: EventBus,
    private readonly workerPools: WorkerPoolFactory,
    private readonly scheduleWorkers: ScheduleWorkerFactory,
    private readonly ticks: TickQueue,
    /** Schedules that were found broken and repaired. */
    readonly repairs: RepairWatch,
  ) {}

  /** Connects to the store. @throws StoreUnavailableError, StoreInUseError, StoreUnsupportedError, DriverMissingError */
  async open(): Promise<void> {
    const { connection, prefix } = this.options;
    const store = await outside(() => openStore({ connection, prefix, clock: this.clock }));
    store.onAvailability((available, error) => {
      if (available) this.logger.log(`The job store at ${store.address} is back`);
      else this.logger.warn(`The job store at ${store.address} is lost: ${error ? reasonOf(error) : 'no connection'}`);
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
        throw storeFault(store, error);
      }
    });
  }

  /** Schedules and fetching stop at once; running jobs get `shutdownTimeout` (docs/guarantees.md#shutdown). */
  stop(): Promise<void> {
    return this.next(() => this.halt());
  }

  /** A job was registered while the app runs: its schedules are to fire. */
  async refreshSchedules(): Promise<void> {
    await this.next(async () => {
      await this.declared?.now();
      await this.ticker?.reconcile();
    });
  }

  /** Only processes that run jobs have a heartbeat: the fleet is counted by it. */
  private async startWorking(store: Store): Promise<void> {
    const { options, clock, remoteCancel, events } = this;
    const { logger } = this;
    if (!options.roles.has('scheduler')) {
      const { timing, time, registry } = this;
      const definitions = () => registry.definitions();
      this.declared = new KeepDeclared(this.declarer(store), time, definitions, clock, timing.every);
      await this.declared.start();
    }
    this.heartbeat = new Heartbeat(store.heartbeats, this.workerId, options.lockDuration, clock);
    await this.heartbeat.start();
    this.lines = new LogWriter({ logs: store.logs, clock, logger, events });
    const pool = this.workerPools.create(store, this.lines);
    this.pool = pool;
    this.slotWaits.watch(() => this.pool?.statistics());
    await remoteCancel.serve({
      abort: (id, reason) => pool.abort(id, reason),
      giveUp: (id) => pool.find(id)?.abandon(),
    });
    await pool.start();
  }

  private async startFiring(store: Store): Promise<void> {
    await this.repairs.listen(store.signals);
    this.ticker = this.scheduleWorkers.create(store, this.declarer(store));
    await this.ticker.start();
  }

  private startSweeping(store: Store): void {
    const onError = (error: Error) => this.logger.debug(`Old records could not be deleted: ${error.message}`);
    const { clock, queues, registry } = this;
    const letters = new DeadLetterSweep(store, queues, registry, clock);
    this.sweep = new HistorySweep(store, this.workerId, clock, onError, SWEEP_EVERY, letters);
    this.sweep.start();
  }

  private async halt(): Promise<void> {
    const { pool, ticker, heartbeat, sweep } = this;
    this.declared?.stop();
    this.declared = undefined;
    this.running = false;
    this.heartbeat = undefined;
    this.sweep = undefined;
    const { shutdownTimeout } = this.options;
    await Promise.all([ticker?.stop(shutdownTimeout), pool?.stop(shutdownTimeout), sweep?.stop()]);
    await this.lines?.close();
    this.lines = undefined;
    await this.remoteCancel.stop();
    await settlesWithin(Promise.all([this.repairs.close(), this.ticks.close()]), this.clock, CLOSE_WITHIN);
    this.pool = undefined;
    this.ticker = undefined;
    await heartbeat?.stop();
  }

  private declarer({ schedules }: Store): Declarer {
    const { options, registry, time } = this;
    return new Declarer({
      schedules,
      time,
      app: options.app,
      schedulesToo: options.roles.has('scheduler'),
      describe: (definition) => toDeclaredJob(definition, registry),
    });
  }

  private next(work: () => Promise<void>): Promise<void> {
    const done = outside(() => this.last.then(work));
    this.last = done.catch(() => undefined);
    return done;
  }
}
