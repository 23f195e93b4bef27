import { Inject, Injectable } from '@nestjs/common';
import type { RepeatStrategy } from 'bullmq';
import { Clock } from '../../common/clock.js';
import { OwnLogger } from '../../common/own-logger.js';
import { JobRegistry } from '../../discovery/job-registry.js';
import { EventBus } from '../../events/event-bus.js';
import { FleetJobs } from '../../execution/fleet-jobs.js';
import { Enqueuer } from '../../jobs/enqueue/enqueuer.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../../options/resolved-options.js';
import { WORKER_ID } from '../../options/worker-id.js';
import { recordSkippedFires } from '../../scheduling/fire/skipped-fires.js';
import { SCHEDULE_TIMING_TOKEN, type SchedulerTiming } from '../../scheduling/schedule-timing.js';
import { ScheduleWorker } from '../../scheduling/schedule-worker.js';
import type { Declarer } from '../../scheduling/sync/declarer.js';
import type { SchedulerSync, ScheduleRepair } from '../../scheduling/sync/scheduler-sync.js';
import type { EngineQueue, Store } from '../../store/ports/ports.js';
import { StoreTime } from '../../store/store-time.js';
import type { RepairWatch } from './repair-watch.js';

/** What a schedule worker gets from the runtime that starts it. */
export interface ScheduleWorkerParts {
  readonly store: Store;
  readonly ticks: EngineQueue;
  readonly repeatStrategy: RepeatStrategy;
  readonly entries: SchedulerSync;
  readonly declarer: Declarer;
  readonly repairs: RepairWatch;
}

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
  ) {}

  create({ store, ticks, repeatStrategy, entries, declarer, repairs }: ScheduleWorkerParts): ScheduleWorker {
    const { registry, enqueuer, clock, events, workerId } = this;
    const { defaults, history, lockDuration, telemetry } = this.options;
    return new ScheduleWorker({
      store,
      clock,
      logger: this.logger,
      ticks,
      settings: { repeatStrategy },
      entries,
      declarer,
      time: this.time,
      workerId,
      lockDuration,
      telemetry,
      timing: this.timing,
      defaults,
      definitions: () => registry.all().map(({ definition }) => definition),
      find: (job) => registry.find(job)?.definition,
      findElsewhere: (job) => this.fleetJobs.find(job),
      enqueueFire: async ({ id, job, payload, ...cause }) => {
        const ref = registry.find(job) ? job : { jobName: job };
        await enqueuer.enqueue(ref, payload, { id }, { ...cause, isFire: true });
      },
      recordSkipped: recordSkippedFires({ executions: store.executions, clock, defaults, history, events }),
      enqueueFirstRun: async (definition, id) => {
        await enqueuer.enqueue(definition.name, definition.schedules[0]?.payload, { id }, { trigger: 'schedule' });
      },
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
