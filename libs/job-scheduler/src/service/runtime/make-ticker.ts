import type { Logger } from '@nestjs/common';
import type { RepeatStrategy } from 'bullmq';
import type { Declarer } from '../../scheduling/sync/declarer.js';
import type { SchedulerSync, ScheduleRepair } from '../../scheduling/sync/scheduler-sync.js';
import { ScheduleWorker } from '../../scheduling/schedule-worker.js';
import { recordSkippedFires } from '../../scheduling/fire/skipped-fires.js';
import type { EngineQueue, Store } from '../../store/ports/ports.js';
import type { RepairWatch } from './repair-watch.js';
import type { RuntimeParts } from './runtime-parts.js';

/** What the ticker of a module has of its own. */
export interface OwnTickerParts {
  readonly store: Store;
  readonly ticks: EngineQueue;
  readonly repeatStrategy: RepeatStrategy;
  readonly entries: SchedulerSync;
  readonly declarer: Declarer;
  readonly repairs: RepairWatch;
  readonly logger: Logger;
}

/** The ticker that fires this module's schedules. */
export function makeTicker(parts: RuntimeParts, own: OwnTickerParts): ScheduleWorker {
  const { options, registry, enqueuer, clock, events, timing } = parts;
  const { store, ticks, repeatStrategy, entries, declarer, repairs, logger } = own;
  const { defaults, history, lockDuration, telemetry } = options;
  return new ScheduleWorker({
    store,
    clock,
    logger,
    ticks,
    settings: { repeatStrategy },
    entries,
    declarer,
    time: parts.time,
    workerId: parts.fleet.workerId,
    lockDuration,
    telemetry,
    timing,
    defaults,
    definitions: () => registry.all().map(({ definition }) => definition),
    find: (job) => registry.find(job)?.definition,
    findElsewhere: (job) => parts.fleetJobs.find(job),
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
      if (events.wanted) tellRepaired(parts, repair);
    },
  });
}

function tellRepaired(parts: RuntimeParts, { scheduleId, job, trouble, at }: ScheduleRepair): void {
  parts.events.emit({
    type: 'schedule-repaired',
    at: new Date(at),
    id: scheduleId,
    scheduleId,
    job,
    queue: parts.registry.find(job)?.definition.queue ?? parts.options.defaults.queue,
    workerId: parts.fleet.workerId,
    repair: { trouble },
  });
}
