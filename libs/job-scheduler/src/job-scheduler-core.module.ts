import { getQueueToken } from '@nestjs/bullmq';
import { Module, type DynamicModule, type ModuleMetadata, type Provider } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Clock, SystemClock } from './common/clock.js';
import { OwnLogger } from './common/own-logger.js';
import { EnhancerCreators } from './discovery/handlers/enhancer-creators.js';
import { JobDiscovery } from './discovery/job-discovery.js';
import { JobRegistrar } from './discovery/job-registrar.js';
import { ListenerExplorer } from './discovery/explore/listener-explorer.js';
import { ProviderExplorer } from './discovery/explore/provider-explorer.js';
import { resolveOptions } from './options/resolve-options.js';
import { RESOLVED_OPTIONS, type ResolvedOptions, makeWorkerId, WORKER_ID } from './options/resolved-options.js';
import { JobRegistry } from './discovery/job-registry.js';
import { OverlapGuards } from './execution/overlap/overlap-guards.js';
import { RemoteCancel } from './jobs/cancel/remote-cancel.js';
import { FleetJobs } from './execution/fleet-jobs.js';
import { SCHEDULE_TIMING, SCHEDULE_TIMING_TOKEN, type SchedulerTiming } from './scheduling/schedule-timing.js';
import { Canceller } from './jobs/cancel/canceller.js';
import { Enqueuer } from './jobs/enqueue/enqueuer.js';
import { DeadLetters } from './service/dead-letters/dead-letters.js';
import { EventBus } from './events/event-bus.js';
import { ExecutionFinder } from './jobs/execution-finder.js';
import { FinishWatcher } from './jobs/finish-watcher.js';
import { JobHealth } from './service/job-health.js';
import { JobHistory } from './service/history/job-history.js';
import { JobMonitor } from './service/job-monitor.js';
import { JobSchedulerBoot } from './service/runtime/job-scheduler-boot.js';
import { JobService } from './service/job-service.js';
import { LateJobs } from './service/runtime/late-jobs.js';
import { ListenerCalls } from './events/listener-calls.js';
import { LiveExecutions } from './service/history/live-executions.js';
import { LockService } from './service/locks/lock-service.js';
import { LogStreams } from './service/logs/log-streams.js';
import { BullQueues } from './queues/bull-queues.js';
import { QueueInfoReader } from './queues/queue-info-reader.js';
import { QueueCapacity } from './queues/queue-capacity.js';
import { QueuedRuns } from './execution/overlap/queued-runs.js';
import { ScheduleService } from './service/schedules/schedule-service.js';
import { SchedulerRuntime } from './service/runtime/scheduler-runtime.js';
import { SlotWaits } from './jobs/slot-waits.js';
import { JobRetrier } from './jobs/job-retrier.js';
import { WaitingJobRemover } from './jobs/cancel/waiting-job-remover.js';
import { TickQueue } from './scheduling/tick-queue.js';
import { SchedulerSync } from './scheduling/sync/scheduler-sync.js';
import { SkippedFires } from './scheduling/fire/skipped-fires.js';
import { RepairWatch } from './service/runtime/repair-watch.js';
import { WorkerPoolFactory } from './service/runtime/worker-pool.factory.js';
import { ScheduleWorkerFactory } from './service/runtime/schedule-worker.factory.js';
import { KnownExecutions } from './jobs/known-executions.js';
import { BatchAdder } from './jobs/enqueue/batch-adder.js';
import { StoreHolder } from './store/store-holder.js';
import { skewText, StoreTime } from './store/store-time.js';

/** What `forRoot` was given. */
export const MODULE_OPTIONS = Symbol('nestjs-job-scheduler:module-options');
/** The queues that `forRootAsync` names for `@InjectQueue`. */
export const QUEUE_NAMES = Symbol('nestjs-job-scheduler:queue-names');

/** What apps inject. */
const services = [
  JobService,
  ScheduleService,
  LockService,
  LogStreams,
  DeadLetters,
  JobHealth,
  JobHistory,
  JobMonitor,
  EventBus,
];

const settings: Provider[] = [
  { provide: Clock, useClass: SystemClock },
  { provide: SCHEDULE_TIMING_TOKEN, useValue: SCHEDULE_TIMING },
  { provide: RESOLVED_OPTIONS, inject: [MODULE_OPTIONS, QUEUE_NAMES], useFactory: resolveOptions },
  { provide: WORKER_ID, inject: [RESOLVED_OPTIONS], useFactory: makeWorkerId },
];

/** What the services stand on, from the jobs that are found to what runs them. */
const parts: Provider[] = [
  JobRegistry,
  ProviderExplorer,
  ListenerExplorer,
  EnhancerCreators,
  JobDiscovery,
  JobRegistrar,
  StoreHolder,
  {
    provide: StoreTime,
    inject: [StoreHolder, Clock],
    useFactory: (holder: StoreHolder, clock: Clock) =>
      new StoreTime(
        () => holder.require('ask for its time').now(),
        clock,
        (ahead) => new OwnLogger().warn(skewText(ahead)),
      ),
  },
  BullQueues,
  QueueInfoReader,
  QueueCapacity,
  ListenerCalls,
  ExecutionFinder,
  KnownExecutions,
  SlotWaits,
  FinishWatcher,
  BatchAdder,
  Enqueuer,
  JobRetrier,
  RemoteCancel,
  WaitingJobRemover,
  Canceller,
  {
    provide: OverlapGuards,
    inject: [RESOLVED_OPTIONS, JobRegistry, StoreHolder, BullQueues, Canceller, WaitingJobRemover, Clock],
    useFactory: makeOverlapGuards,
  },
  {
    provide: FleetJobs,
    inject: [StoreHolder, Clock, StoreTime, SCHEDULE_TIMING_TOKEN],
    useFactory: (holder: StoreHolder, clock: Clock, time: StoreTime, { liveFor }: SchedulerTiming) =>
      new FleetJobs(() => holder.require('look for a job of the fleet').schedules, clock, time, liveFor),
  },
  TickQueue,
  SchedulerSync,
  SkippedFires,
  RepairWatch,
  WorkerPoolFactory,
  ScheduleWorkerFactory,
  SchedulerRuntime,
  LateJobs,
  LiveExecutions,
  JobSchedulerBoot,
];

function makeOverlapGuards(
  { lockDuration, shutdownTimeout }: ResolvedOptions,
  registry: JobRegistry,
  holder: StoreHolder,
  queues: BullQueues,
  canceller: Canceller,
  waitingJobs: WaitingJobRemover,
  clock: Clock,
): OverlapGuards {
  const locks = () => holder.require('keep runs apart').locks;
  const others = new QueuedRuns(queues, canceller);
  const guards = new OverlapGuards({ locks, others, clock, lockDuration, shutdownTimeout });
  waitingJobs.onRemoved(async (started) => {
    const registered = registry.find(started.job);
    if (registered) await guards.forget(registered.definition, started);
  });
  return guards;
}

/** Everything that an app may inject, from anywhere. */
@Module({})
export class JobSchedulerCoreModule {
  /** @param queueNames for which `@InjectQueue(name)` works. */
  static create(
    options: readonly Provider[],
    imports: ModuleMetadata['imports'],
    queueNames: readonly string[],
  ): DynamicModule {
    const queues = queueNames.map((name): Provider => ({
      provide: getQueueToken(name),
      inject: [BullQueues],
      useFactory: (all: BullQueues) => all.lazy(name),
    }));
    return {
      module: JobSchedulerCoreModule,
      global: true,
      imports: [DiscoveryModule, ...(imports ?? [])],
      providers: [...options, ...settings, ...parts, ...services, ...queues],
      exports: [...services, JobSchedulerBoot, ...queueNames.map((name) => getQueueToken(name))],
    };
  }
}
