import type { Clock } from '../common/clock.js';
import type { JobRegistry } from '../discovery/job-registry.js';
import type { StoreHolder } from '../store/store-holder.js';
import type { Enqueuer } from '../jobs/enqueue/enqueuer.js';
import type { Canceller } from '../jobs/cancel/canceller.js';
import type { EventBus } from '../events/event-bus.js';
import type { ExecutionFinder } from '../jobs/execution-finder.js';
import type { FinishWatcher } from '../jobs/finish-watcher.js';
import type { LateJobs } from './runtime/late-jobs.js';
import type { BullQueues } from '../queues/bull-queues.js';
import type { QueueInfoReader } from '../queues/queue-info-reader.js';
import type { ScheduleService } from './schedules/schedule-service.js';
import type { SchedulerRuntime } from './runtime/scheduler-runtime.js';
import type { JobRetrier } from '../jobs/job-retrier.js';

/** What `JobService` is made of. */
export interface JobServiceParts {
  readonly clock: Clock;
  readonly registry: JobRegistry;
  readonly late: LateJobs;
  readonly enqueuer: Enqueuer;
  readonly finder: ExecutionFinder;
  readonly watcher: FinishWatcher;
  readonly queues: QueueInfoReader;
  readonly hub: BullQueues;
  readonly retrier: JobRetrier;
  readonly canceller: Canceller;
  readonly runtime: SchedulerRuntime;
  readonly schedules: ScheduleService;
  readonly events: EventBus;
  readonly holder: StoreHolder;
}
