import type { Clock } from '../../common/clock.js';
import type { OverlapGuards } from '../../execution/overlap/overlap-guards.js';
import type { RemoteCancel } from '../../jobs/cancel/remote-cancel.js';
import type { FleetJobs } from '../../execution/fleet-jobs.js';
import type { ResolvedOptions } from '../../options/resolved-options.js';
import type { JobRegistry } from '../../discovery/job-registry.js';
import type { SchedulerTiming } from '../../scheduling/schedule-timing.js';
import type { StoreTime } from '../../store/store-time.js';
import type { StoreHolder } from '../../store/store-holder.js';
import type { Enqueuer } from '../../jobs/enqueue/enqueuer.js';
import type { EventBus } from '../../events/event-bus.js';
import type { ExecutionFinder } from '../../jobs/execution-finder.js';
import type { BullQueues } from '../../queues/bull-queues.js';
import type { QueueDefaultsReader } from '../../queues/queue-defaults.js';
import type { SlotWaits } from '../../jobs/slot-waits.js';

/** What the moving parts of a module work with. */
export interface RuntimeParts {
  readonly options: ResolvedOptions;
  readonly registry: JobRegistry;
  readonly holder: StoreHolder;
  readonly enqueuer: Enqueuer;
  readonly clock: Clock;
  readonly fleet: RemoteCancel;
  readonly admission: OverlapGuards;
  readonly timing: SchedulerTiming;
  readonly events: EventBus;
  readonly finder: ExecutionFinder;
  readonly hub: BullQueues;
  readonly slotWaits: SlotWaits;
  readonly traits: QueueDefaultsReader;
  readonly fleetJobs: FleetJobs;
  readonly time: StoreTime;
}
