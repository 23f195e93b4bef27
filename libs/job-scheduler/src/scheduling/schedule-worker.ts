import type { Logger } from '@nestjs/common';
import type { Clock, ClockTimer } from '../common/clock.js';
import { describeThrown } from '../common/describe-error.js';
import { settlesWithin } from '../common/promises.js';
import type { ResolvedOptions } from '../options/resolved-options.js';
import type { JobRegistry } from '../discovery/job-registry.js';
import type { FleetJobs } from '../execution/fleet-jobs.js';
import type { Enqueuer } from '../jobs/enqueue/enqueuer.js';
import { TICK_QUEUE } from '../store/names.js';
import type { Store } from '../store/ports/ports.js';
import type { StoreTime } from '../store/store-time.js';
import { STALLED_INTERVAL } from '../worker/bull-worker.js';
import { WorkerPool } from '../worker/worker-pool.js';
import type { Declarer } from './sync/declarer.js';
import type { SkippedFires } from './fire/skipped-fires.js';
import { FireHandler } from './fire/fire-handler.js';
import { Reconciler } from './sync/reconciler.js';
import { runOnStart } from './run-on-start.js';
import type { SchedulerSync, ScheduleRepair } from './sync/scheduler-sync.js';
import type { SchedulerTiming } from './schedule-timing.js';
import type { TickQueue } from './tick-queue.js';
import { withLeaderLock } from './leader-lock.js';

export interface ScheduleWorkerParts {
  readonly store: Store;
  readonly options: ResolvedOptions;
  readonly timing: SchedulerTiming;
  readonly workerId: string;
  readonly clock: Clock;
  readonly time: StoreTime;
  readonly logger: Logger;
  readonly ticks: TickQueue;
  readonly entries: SchedulerSync;
  readonly declarer: Declarer;
  readonly registry: JobRegistry;
  readonly fleetJobs: FleetJobs;
  readonly enqueuer: Enqueuer;
  readonly skippedFires: SkippedFires;
  readonly onRepair: (repair: ScheduleRepair) => void;
}

/** Fires handled at once by this process. A fire is a few round trips, so a few are plenty. */
const FIRES_AT_ONCE = 10;
/** How long a round that is under way may take to end, in milliseconds. */
const STOP_WITHIN = 1_000;
/** How long a boot waits for the reconcilers of other instances, in milliseconds. */
const BOOT_WAIT = 20_000;

/** Held while entries are reconciled. */
const LOCK = '_reconcile';
/** Held for half a round by the instance that has reconciled: the others need not. By version: each has its own to see to. */
const ROUND = '_reconciled:';

/**
 * This process's part in firing schedules: it keeps them in order, and passes on what fires.
 *
 * It fires nothing before a reconciler has been through with what it declares, be it here or elsewhere: each instance
 * reconciles once when it starts, one after the other, and all but the first find little to do.
 */
export class ScheduleWorker {
  private readonly pool: WorkerPool;
  private readonly reconciler: Reconciler;
  private readonly stopping = new AbortController();
  private timer: ClockTimer | undefined;
  private round: Promise<void> = Promise.resolve();

  constructor(private readonly parts: ScheduleWorkerParts) {
    const { store, options, clock, logger, ticks, timing } = parts;
    const { lockDuration, telemetry, defaults } = options;
    this.reconciler = new Reconciler({ ...parts, ticks: ticks.open(), liveFor: timing.liveFor, grace: timing.grace });
    this.pool = new WorkerPool({
      store,
      runner: new FireHandler({
        ...parts,
        schedules: store.schedules,
        defaults,
        crashDelay: lockDuration + STALLED_INTERVAL,
      }),
      queues: new Map([[TICK_QUEUE, { name: TICK_QUEUE, weight: 1, max: FIRES_AT_ONCE }]]),
      order: 'weighted',
      concurrency: FIRES_AT_ONCE,
      lockDuration,
      workerId: parts.workerId,
      telemetry,
      clock,
      settings: { repeatStrategy: ticks.repeatStrategy },
      onError: (error) => logger.debug(`Tick queue: ${error.message}`),
    });
  }

  async start(): Promise<void> {
    const { logger, store, enqueuer } = this.parts;
    const isDone = await this.reconcile();
    if (this.stopping.signal.aborted) return;
    if (!isDone) {
      logger.warn(
        'Other instances are reconciling schedules for a long time: this one fires them when it has had its turn',
      );
      return this.plan(() => this.start(), 0);
    }
    await runOnStart(this.parts.registry.definitions(), store.markers, enqueuer);
    await this.pool.start();
    this.plan(() => this.look(), this.parts.timing.every);
  }

  /**
   * Also after a job was registered while the app runs.
   * @returns `false`: others held the lock for too long.
   */
  reconcile(patience = BOOT_WAIT, isWatch = false): Promise<boolean> {
    const { registry, store, clock, time, workerId: holder } = this.parts;
    return withLeaderLock({ locks: store.locks, clock, holder }, LOCK, patience, this.stopping.signal, async () => {
      await time.sure();
      await this.reconciler.declare(registry.definitions());
      await this.reconciler.reconcile(registry.definitions(), isWatch);
    });
  }

  /** Fires stop at once. Never rejects. */
  async stop(timeout: number): Promise<void> {
    this.stopping.abort();
    this.timer?.cancel();
    await this.pool.stop(timeout);
    await settlesWithin(this.round, this.parts.clock, STOP_WITHIN);
  }

  /** One instance of each version reconciles in a round; the others say that they live. */
  private async look(): Promise<void> {
    const { declarer, registry, store, time, timing, workerId } = this.parts;
    await time.measure();
    await this.reconciler.declare(registry.definitions());
    const round = `${ROUND}${declarer.current?.version}`;
    const { held } = await store.locks.acquire(round, workerId, { ttl: Math.max(1, timing.every / 2) });
    if (held) await this.reconcile(timing.every / 2, true);
    else await this.reconciler.look();
    this.plan(() => this.look(), timing.every);
  }

  private plan(work: () => Promise<void>, delay: number): void {
    if (this.stopping.signal.aborted) return;
    const done = async () => {
      try {
        await work();
      } catch (thrown) {
        const { message } = describeThrown(thrown);
        this.parts.logger.warn(`Schedules could not be looked after; the next round will: ${message}`);
        this.plan(work, this.parts.timing.every);
      }
    };
    const begin = () => {
      this.round = done();
    };
    this.timer = this.parts.clock.after(delay, begin, false);
  }
}
