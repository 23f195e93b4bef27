import { getQueueToken } from '@nestjs/bullmq';
import { Module, type DynamicModule, type ModuleMetadata, type Provider } from '@nestjs/common';
import { ApplicationConfig, DiscoveryModule, ExternalContextCreator, ModulesContainer } from '@nestjs/core';
import { Clock, SystemClock } from './common/clock.js';
import { OwnLogger } from './common/own-logger.js';
import { EnhancerCreators } from './discovery/handlers/enhancer-creators.js';
import { JobDiscovery } from './discovery/job-discovery.js';
import { JobIndex } from './discovery/job-index.js';
import { ListenerExplorer } from './discovery/explore/listener-explorer.js';
import { ProviderExplorer } from './discovery/explore/provider-explorer.js';
import { MODULE_OPTIONS, QUEUE_NAMES, RESOLVED_OPTIONS, SCHEDULE_TIMING_TOKEN } from './job-scheduler.tokens.js';
import type { JobSchedulerOptions } from './options/job-scheduler-options.js';
import { resolveOptions } from './options/resolve-options.js';
import type { ResolvedOptions } from './options/resolved-options.js';
import { provide, provideByName } from './provide.js';
import { JobRegistry } from './discovery/job-registry.js';
import { OverlapGuards } from './execution/overlap/overlap-guards.js';
import { RemoteCancel } from './jobs/cancel/remote-cancel.js';
import { FleetJobs } from './execution/fleet-jobs.js';
import { SCHEDULE_TIMING, type SchedulerTiming } from './scheduling/schedule-timing.js';
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
import { QueueDefaultsReader } from './queues/queue-defaults.js';
import { ScheduleService } from './service/schedules/schedule-service.js';
import { SchedulerRuntime } from './service/runtime/scheduler-runtime.js';
import { SlotWaits } from './jobs/slot-waits.js';
import { JobRetrier } from './jobs/job-retrier.js';
import { WaitingJobRemover } from './jobs/cancel/waiting-job-remover.js';
import { makeWorkerId } from './service/runtime/worker-id.js';
import { StoreHolder } from './store/store-holder.js';
import { skewText, StoreTime } from './store/store-time.js';

const logger = new OwnLogger();
const reportError = (error: Error) => logger.debug(error.message);

/** What is declared: options, and the jobs that are found. */
const definitionProviders: Provider[] = [
  { provide: Clock, useClass: SystemClock },
  { provide: SCHEDULE_TIMING_TOKEN, useValue: SCHEDULE_TIMING },
  {
    provide: RESOLVED_OPTIONS,
    inject: [MODULE_OPTIONS, QUEUE_NAMES],
    useFactory: (options: JobSchedulerOptions, queueNames: readonly string[]): ResolvedOptions =>
      resolveOptions(options, queueNames),
  },
  JobIndex,
  ProviderExplorer,
  ListenerExplorer,
  provide(EnhancerCreators, [ExternalContextCreator, ApplicationConfig, ModulesContainer]),
  provide(JobDiscovery, [ProviderExplorer, EnhancerCreators, JobIndex, RESOLVED_OPTIONS, ListenerExplorer]),
  provide(JobRegistry, [JobIndex, RESOLVED_OPTIONS]),
];

/** What reaches queues, and the executions in them. */
const queueProviders: Provider[] = [
  {
    provide: BullQueues,
    inject: [RESOLVED_OPTIONS, StoreHolder],
    useFactory: (options: ResolvedOptions, holder: StoreHolder) => new BullQueues(options, holder, reportError),
  },
  provide(QueueDefaultsReader, [JobRegistry]),
  provide(QueueInfoReader, [BullQueues, StoreHolder, Clock]),
  {
    provide: QueueCapacity,
    inject: [StoreHolder, Clock],
    useFactory: (holder: StoreHolder, clock: Clock) => new QueueCapacity(holder, clock, reportError),
  },
  provide(ExecutionFinder, [BullQueues, StoreHolder]),
  provide(SlotWaits, [Clock]),
  provide(FinishWatcher, [StoreHolder, ExecutionFinder, Clock, SlotWaits]),
  provideByName(Enqueuer, {
    options: RESOLVED_OPTIONS,
    registry: JobRegistry,
    hub: BullQueues,
    traits: QueueDefaultsReader,
    finder: ExecutionFinder,
    holder: StoreHolder,
    clock: Clock,
    events: EventBus,
    room: QueueCapacity,
  }),
  provide(JobRetrier, [ExecutionFinder, StoreHolder]),
  provide(DeadLetters, [BullQueues, ExecutionFinder, JobRetrier, StoreHolder, JobRegistry, Clock]),
];

/** Cancelling over the fleet. */
const cancelProviders: Provider[] = [
  {
    provide: RemoteCancel,
    inject: [StoreHolder, Clock, RESOLVED_OPTIONS],
    useFactory: (holder: StoreHolder, clock: Clock, options: ResolvedOptions) =>
      new RemoteCancel(() => holder.require('cancel an execution').signals, clock, makeWorkerId(options)),
  },
  provide(WaitingJobRemover, [RESOLVED_OPTIONS, JobRegistry, BullQueues, StoreHolder, Clock, EventBus]),
  provide(Canceller, [ExecutionFinder, WaitingJobRemover, RemoteCancel, StoreHolder, Clock]),
];

/** What moves: events, and the runtime from boot to end. */
const runtimeProviders: Provider[] = [
  {
    provide: EventBus,
    inject: [StoreHolder, Clock, RemoteCancel],
    useFactory: (holder: StoreHolder, clock: Clock, own: RemoteCancel) => new EventBus(holder, clock, own.workerId),
  },
  provide(ListenerCalls, [EventBus]),
  {
    provide: OverlapGuards,
    inject: [RESOLVED_OPTIONS, JobRegistry, StoreHolder, BullQueues, Canceller, WaitingJobRemover, Clock],
    useFactory: (
      { lockDuration, shutdownTimeout }: ResolvedOptions,
      registry: JobRegistry,
      holder: StoreHolder,
      hub: BullQueues,
      canceller: Canceller,
      waitingJobs: WaitingJobRemover,
      clock: Clock,
    ) => {
      const locks = () => holder.require('keep runs apart').locks;
      const others = new QueuedRuns(hub, canceller);
      const admission = new OverlapGuards({ locks, others, clock, lockDuration, shutdownTimeout });
      waitingJobs.onRemoved(async (started) => {
        const registered = registry.find(started.job);
        if (registered) await admission.forget(registered.definition, started);
      });
      return admission;
    },
  },
  {
    provide: StoreTime,
    inject: [StoreHolder, Clock],
    useFactory: (holder: StoreHolder, clock: Clock) =>
      new StoreTime(
        () => holder.require('ask for its time').now(),
        clock,
        (ahead) => logger.warn(skewText(ahead)),
      ),
  },
  {
    provide: FleetJobs,
    inject: [StoreHolder, Clock, StoreTime, SCHEDULE_TIMING_TOKEN],
    useFactory: (holder: StoreHolder, clock: Clock, time: StoreTime, { liveFor }: SchedulerTiming) =>
      new FleetJobs(() => holder.require('look for a job of the fleet').schedules, clock, time, liveFor),
  },
  provideByName(SchedulerRuntime, {
    options: RESOLVED_OPTIONS,
    registry: JobRegistry,
    holder: StoreHolder,
    enqueuer: Enqueuer,
    clock: Clock,
    fleet: RemoteCancel,
    admission: OverlapGuards,
    timing: SCHEDULE_TIMING_TOKEN,
    events: EventBus,
    finder: ExecutionFinder,
    hub: BullQueues,
    slotWaits: SlotWaits,
    traits: QueueDefaultsReader,
    fleetJobs: FleetJobs,
    time: StoreTime,
  }),
  provideByName(JobSchedulerBoot, {
    options: RESOLVED_OPTIONS,
    discovery: JobDiscovery,
    runtime: SchedulerRuntime,
    holder: StoreHolder,
    hub: BullQueues,
    watcher: FinishWatcher,
    locks: LockService,
    clock: Clock,
    events: EventBus,
    listeners: ListenerCalls,
    room: QueueCapacity,
    modules: ModulesContainer,
  }),
];

/** What apps inject. */
const serviceProviders: Provider[] = [
  provide(LateJobs, [JobRegistry, JobDiscovery, ListenerCalls, SchedulerRuntime, StoreHolder]),
  provideByName(JobService, {
    clock: Clock,
    late: LateJobs,
    registry: JobRegistry,
    enqueuer: Enqueuer,
    finder: ExecutionFinder,
    watcher: FinishWatcher,
    queues: QueueInfoReader,
    hub: BullQueues,
    retrier: JobRetrier,
    canceller: Canceller,
    runtime: SchedulerRuntime,
    schedules: ScheduleService,
    events: EventBus,
    holder: StoreHolder,
  }),
  provideByName(ScheduleService, {
    options: RESOLVED_OPTIONS,
    clock: Clock,
    registry: JobRegistry,
    holder: StoreHolder,
    enqueuer: Enqueuer,
    watcher: FinishWatcher,
    applier: SchedulerRuntime,
  }),
  provide(LiveExecutions, [BullQueues, StoreHolder]),
  provide(JobHistory, [JobRegistry, StoreHolder, ExecutionFinder, LiveExecutions]),
  provide(JobMonitor, [JobRegistry, JobHistory, StoreHolder, Clock]),
  provide(JobHealth, [RESOLVED_OPTIONS, StoreHolder, SchedulerRuntime, QueueInfoReader, StoreTime]),
  provide(LockService, [StoreHolder, Clock]),
  provide(LogStreams, [StoreHolder, EventBus, ExecutionFinder, Clock]),
];

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
      useFactory: (hub: BullQueues) => hub.standIn(name),
    }));
    return {
      module: JobSchedulerCoreModule,
      global: true,
      imports: [DiscoveryModule, ...(imports ?? [])],
      providers: [
        ...options,
        ...definitionProviders,
        StoreHolder,
        ...queueProviders,
        ...cancelProviders,
        ...runtimeProviders,
        ...serviceProviders,
        ...queues,
      ],
      exports: [
        JobService,
        ScheduleService,
        LockService,
        LogStreams,
        DeadLetters,
        JobHealth,
        JobHistory,
        JobMonitor,
        EventBus,
        JobSchedulerBoot,
        ...queueNames.map((name) => getQueueToken(name)),
      ],
    };
  }
}
