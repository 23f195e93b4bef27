import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { OwnLogger } from '../../common/own-logger.js';
import { JobRegistry } from '../../discovery/job-registry.js';
import { EventBus } from '../../events/event-bus.js';
import { FleetJobs } from '../../execution/fleet-jobs.js';
import { Enqueuer } from '../../jobs/enqueue/enqueuer.js';
import { RESOLVED_OPTIONS, type ResolvedOptions, WORKER_ID } from '../../options/resolved-options.js';
import { SkippedFires } from '../../scheduling/fire/skipped-fires.js';
import { SCHEDULE_TIMING_TOKEN, type SchedulerTiming } from '../../scheduling/schedule-timing.js';
import { ScheduleWorker } from '../../scheduling/schedule-worker.js';
import type { Declarer } from '../../scheduling/sync/declarer.js';
import { SchedulerSync, type ScheduleRepair } from '../../scheduling/sync/scheduler-sync.js';
import type { Store } from '../../store/ports/ports.js';
import { StoreTime } from '../../store/store-time.js';
import { TickQueue } from '../../scheduling/tick-queue.js';
import { RepairWatch } from './repair-watch.js';

/** Makes the worker that fires this module's schedules. */
@Injectable()
export class ScheduleWorkerFactory {
  private readonly logger = new OwnLogger();

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    @Inject(SCHEDULE_TIMING_TOKEN) private readonly timing: SchedulerTiming,
    @Inject(WORKER_ID) private readonly workerId: string,
    private readonly registry: JobRegistry,
    private readonly clock: Clock,
    private readonly time: StoreTime,
    private readonly fleetJobs: FleetJobs,
    private readonly enqueuer: Enqueuer,
    private readonly events: EventBus,
    private readonly ticks: TickQueue,
    private readonly entries: SchedulerSync,
    private readonly skippedFires: SkippedFires,
    private readonly repairs: RepairWatch,
  ) {}

  create(store: Store, declarer: Declarer): ScheduleWorker {
    const { options, timing, workerId, registry, clock, time, fleetJobs, enqueuer, logger } = this;
    const { ticks, entries, skippedFires, repairs, events } = this;
    return new ScheduleWorker({
      store,
      options,
      timing,
      workerId,
      clock,
      time,
      logger,
      ticks,
      entries,
      declarer,
      registry,
      fleetJobs,
      enqueuer,
      skippedFires,
      onRepair: (repair) => {
        repairs.report(repair, store.signals);
        if (events.wanted) this.emitRepaired(repair);
      },
    });
  }

  private emitRepaired({ scheduleId, job, trouble, at }: ScheduleRepair): void {
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
}
