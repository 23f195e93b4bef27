import { getQueueToken } from '@nestjs/bullmq';
import { Logger, Module, type DynamicModule, type ModuleMetadata, type Provider } from '@nestjs/common';
import { ApplicationConfig, DiscoveryModule, ExternalContextCreator, ModulesContainer } from '@nestjs/core';
import { Clock, SystemClock } from './definition/clock.js';
import { EnhancerCreators } from './discovery/enhancer-creators.js';
import { JobDiscovery } from './discovery/job-discovery.js';
import { JobIndex } from './discovery/job-index.js';
import { ListenerExplorer } from './discovery/listener-explorer.js';
import { ProviderExplorer } from './discovery/provider-explorer.js';
import { MODULE_OPTIONS, RESOLVED_OPTIONS, SCHEDULE_TIMING_TOKEN } from './job-scheduler.tokens.js';
import type { JobSchedulerOptions } from './options/job-scheduler-options.js';
import { resolveOptions } from './options/resolve-options.js';
import type { ResolvedOptions } from './options/resolved-options.js';
import { JobRegistry } from './registry/job-registry.js';
import { Admission } from './execution/admission.js';
import { FleetCancel } from './execution/fleet-cancel.js';
import { SCHEDULE_TIMING, type ScheduleTiming } from './scheduling/schedule-timing.js';
import { Canceller } from './service/canceller.js';
import { Enqueuer } from './service/enqueuer.js';
import { DeadLetters } from './service/dead-letters.js';
import { EventBus } from './service/event-bus.js';
import { ExecutionFinder } from './service/execution-finder.js';
import { FinishWatcher } from './service/finish-watcher.js';
import { JobHealth } from './service/job-health.js';
import { JobHistory } from './service/job-history.js';
import { JobMonitor } from './service/job-monitor.js';
import { JobSchedulerBoot } from './service/job-scheduler-boot.js';
import { JobService } from './service/job-service.js';
import { ListenerCalls } from './service/listener-calls.js';
import { LiveExecutions } from './service/live-executions.js';
import { LockService } from './service/lock-service.js';
import { LogStreams } from './service/log-streams.js';
import { QueueHub } from './service/queue-hub.js';
import { QueueReader } from './service/queue-reader.js';
import { QueueRoom } from './service/queue-room.js';
import { QueuedRuns } from './service/queued-runs.js';
import { QueueTraitsReader } from './service/queue-traits.js';
import { ScheduleService } from './service/schedule-service.js';
import { SchedulerRuntime } from './service/scheduler-runtime.js';
import { Steering } from './service/steering.js';
import { TakeOut } from './service/take-out.js';
import { makeWorkerId } from './service/worker-id.js';
import { queueStandIn } from './store/queue-stand-in.js';
import { StoreHolder } from './store/store-holder.js';

const logger = new Logger('JobScheduler');
const reportError = (error: Error) => logger.debug(error.message);

const definitionProviders: Provider[] = [
  { provide: Clock, useClass: SystemClock },
  { provide: SCHEDULE_TIMING_TOKEN, useValue: SCHEDULE_TIMING },
  {
    provide: RESOLVED_OPTIONS,
    inject: [MODULE_OPTIONS],
    useFactory: (options: JobSchedulerOptions): ResolvedOptions => resolveOptions(options),
  },
  JobIndex,
  ProviderExplorer,
  ListenerExplorer,
  {
    provide: EnhancerCreators,
    inject: [ExternalContextCreator, ApplicationConfig, ModulesContainer],
    useFactory: (...parts: ConstructorParameters<typeof EnhancerCreators>) => new EnhancerCreators(...parts),
  },
  {
    provide: JobDiscovery,
    inject: [ProviderExplorer, EnhancerCreators, JobIndex, RESOLVED_OPTIONS, ListenerExplorer],
    useFactory: (...parts: ConstructorParameters<typeof JobDiscovery>) => new JobDiscovery(...parts),
  },
  {
    provide: JobRegistry,
    inject: [JobIndex, RESOLVED_OPTIONS],
    useFactory: (...parts: ConstructorParameters<typeof JobRegistry>) => new JobRegistry(...parts),
  },
];

const runningProviders: Provider[] = [
  StoreHolder,
  {
    provide: EventBus,
    inject: [StoreHolder, Clock, FleetCancel],
    useFactory: (holder: StoreHolder, clock: Clock, { workerId }: FleetCancel) => new EventBus(holder, clock, workerId),
  },
  {
    provide: ListenerCalls,
    inject: [EventBus],
    useFactory: (bus: EventBus) => new ListenerCalls(bus),
  },
  {
    provide: QueueHub,
    inject: [RESOLVED_OPTIONS, StoreHolder],
    useFactory: (options: ResolvedOptions, holder: StoreHolder) => new QueueHub(options, holder, reportError),
  },
  {
    provide: QueueTraitsReader,
    inject: [JobRegistry],
    useFactory: (registry: JobRegistry) => new QueueTraitsReader(registry),
  },
  {
    provide: ExecutionFinder,
    inject: [QueueHub, StoreHolder],
    useFactory: (hub: QueueHub, holder: StoreHolder) => new ExecutionFinder(hub, holder),
  },
  {
    provide: FinishWatcher,
    inject: [StoreHolder, ExecutionFinder, Clock],
    useFactory: (holder: StoreHolder, finder: ExecutionFinder, clock: Clock) =>
      new FinishWatcher(holder, finder, clock, reportError),
  },
  {
    provide: QueueReader,
    inject: [QueueHub, StoreHolder, Clock],
    useFactory: (...parts: ConstructorParameters<typeof QueueReader>) => new QueueReader(...parts),
  },
  {
    provide: QueueRoom,
    inject: [StoreHolder, Clock],
    useFactory: (holder: StoreHolder, clock: Clock) => new QueueRoom(holder, clock, reportError),
  },
  {
    provide: Enqueuer,
    inject: [
      RESOLVED_OPTIONS,
      JobRegistry,
      QueueHub,
      QueueTraitsReader,
      ExecutionFinder,
      StoreHolder,
      Clock,
      EventBus,
      QueueRoom,
    ],
    useFactory: (...parts: ConstructorParameters<typeof Enqueuer>) => new Enqueuer(...parts),
  },
  {
    provide: FleetCancel,
    inject: [StoreHolder, Clock, RESOLVED_OPTIONS],
    useFactory: (holder: StoreHolder, clock: Clock, options: ResolvedOptions) =>
      new FleetCancel(() => holder.require('cancel an execution').signals, clock, makeWorkerId(options)),
  },
  {
    provide: TakeOut,
    inject: [RESOLVED_OPTIONS, JobRegistry, QueueHub, StoreHolder, Clock, EventBus],
    useFactory: (...parts: ConstructorParameters<typeof TakeOut>) => new TakeOut(...parts),
  },
  {
    provide: Canceller,
    inject: [ExecutionFinder, TakeOut, FleetCancel, StoreHolder, Clock],
    useFactory: (...parts: ConstructorParameters<typeof Canceller>) => new Canceller(...parts),
  },
  {
    provide: Admission,
    inject: [RESOLVED_OPTIONS, JobRegistry, StoreHolder, QueueHub, Canceller, TakeOut, Clock],
    useFactory: (
      { lockDuration, shutdownTimeout }: ResolvedOptions,
      registry: JobRegistry,
      holder: StoreHolder,
      hub: QueueHub,
      canceller: Canceller,
      takeOut: TakeOut,
      clock: Clock,
    ) => {
      const locks = () => holder.require('keep runs apart').locks;
      const others = new QueuedRuns(hub, canceller);
      const admission = new Admission({ locks, others, clock, lockDuration, shutdownTimeout });
      takeOut.onRemoved(async (started) => {
        const registered = registry.find(started.job);
        if (registered) await admission.forget(registered.definition, started);
      });
      return admission;
    },
  },
  {
    provide: SchedulerRuntime,
    inject: [
      RESOLVED_OPTIONS,
      JobRegistry,
      StoreHolder,
      Enqueuer,
      Clock,
      FleetCancel,
      Admission,
      SCHEDULE_TIMING_TOKEN,
      EventBus,
      ExecutionFinder,
    ],
    useFactory: (
      options: ResolvedOptions,
      registry: JobRegistry,
      holder: StoreHolder,
      enqueuer: Enqueuer,
      clock: Clock,
      fleet: FleetCancel,
      admission: Admission,
      timing: ScheduleTiming,
      events: EventBus,
      finder: ExecutionFinder,
    ) =>
      new SchedulerRuntime(
        options,
        registry,
        holder,
        enqueuer,
        clock,
        logger,
        fleet,
        admission,
        timing,
        events,
        finder,
      ),
  },
  {
    provide: Steering,
    inject: [ExecutionFinder, StoreHolder],
    useFactory: (...parts: ConstructorParameters<typeof Steering>) => new Steering(...parts),
  },
  {
    provide: DeadLetters,
    inject: [QueueHub, ExecutionFinder, Steering, StoreHolder, JobRegistry, Clock],
    useFactory: (...parts: ConstructorParameters<typeof DeadLetters>) => new DeadLetters(...parts),
  },
  {
    provide: JobService,
    inject: [
      Clock,
      JobRegistry,
      Enqueuer,
      ExecutionFinder,
      FinishWatcher,
      QueueReader,
      QueueHub,
      Steering,
      Canceller,
      SchedulerRuntime,
      ScheduleService,
      EventBus,
    ],
    useFactory: (
      clock: Clock,
      registry: JobRegistry,
      enqueuer: Enqueuer,
      finder: ExecutionFinder,
      watcher: FinishWatcher,
      queues: QueueReader,
      hub: QueueHub,
      steering: Steering,
      canceller: Canceller,
      runtime: SchedulerRuntime,
      schedules: ScheduleService,
      events: EventBus,
    ) =>
      new JobService({
        clock,
        registry,
        enqueuer,
        finder,
        watcher,
        queues,
        hub,
        steering,
        canceller,
        runtime,
        schedules,
        events,
      }),
  },
  {
    provide: ScheduleService,
    inject: [Clock, JobRegistry, StoreHolder, Enqueuer, FinishWatcher, SchedulerRuntime, RESOLVED_OPTIONS],
    useFactory: (
      clock: Clock,
      registry: JobRegistry,
      holder: StoreHolder,
      enqueuer: Enqueuer,
      watcher: FinishWatcher,
      applier: SchedulerRuntime,
      { defaults: { timezone }, maxPayload }: ResolvedOptions,
    ) =>
      new ScheduleService({
        clock,
        registry,
        holder,
        enqueuer,
        watcher,
        applier,
        rules: { timezone, maxPayload },
      }),
  },
  {
    provide: JobHealth,
    inject: [RESOLVED_OPTIONS, StoreHolder, SchedulerRuntime, QueueReader, Clock],
    useFactory: (...parts: ConstructorParameters<typeof JobHealth>) => new JobHealth(...parts),
  },
  {
    provide: JobHistory,
    inject: [JobRegistry, StoreHolder, ExecutionFinder, QueueHub, Clock],
    useFactory: (registry: JobRegistry, holder: StoreHolder, finder: ExecutionFinder, hub: QueueHub, clock: Clock) =>
      new JobHistory(registry, holder, finder, new LiveExecutions(hub, holder), clock),
  },
  {
    provide: JobMonitor,
    inject: [JobRegistry, JobHistory, StoreHolder, Clock],
    useFactory: (...parts: ConstructorParameters<typeof JobMonitor>) => new JobMonitor(...parts),
  },
  {
    provide: LockService,
    inject: [StoreHolder, Clock],
    useFactory: (...parts: ConstructorParameters<typeof LockService>) => new LockService(...parts),
  },
  {
    provide: LogStreams,
    inject: [StoreHolder, EventBus, ExecutionFinder, Clock],
    useFactory: (...parts: ConstructorParameters<typeof LogStreams>) => new LogStreams(...parts),
  },
  {
    provide: JobSchedulerBoot,
    inject: [
      RESOLVED_OPTIONS,
      JobDiscovery,
      SchedulerRuntime,
      StoreHolder,
      QueueHub,
      FinishWatcher,
      LockService,
      Clock,
      EventBus,
      ListenerCalls,
      QueueRoom,
    ],
    useFactory: (
      options: ResolvedOptions,
      discovery: JobDiscovery,
      runtime: SchedulerRuntime,
      holder: StoreHolder,
      hub: QueueHub,
      watcher: FinishWatcher,
      locks: LockService,
      clock: Clock,
      events: EventBus,
      calls: ListenerCalls,
      room: QueueRoom,
    ) =>
      new JobSchedulerBoot(
        options,
        discovery,
        runtime,
        holder,
        hub,
        watcher,
        locks,
        clock,
        logger,
        events,
        calls,
        room,
      ),
  },
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
      inject: [QueueHub],
      useFactory: (hub: QueueHub) => queueStandIn(name, () => hub.get(name)),
    }));
    return {
      module: JobSchedulerCoreModule,
      global: true,
      imports: [DiscoveryModule, ...(imports ?? [])],
      providers: [...options, ...definitionProviders, ...runningProviders, ...queues],
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
