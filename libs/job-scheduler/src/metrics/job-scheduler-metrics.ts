import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Registry } from 'prom-client';
import { EventBus } from '../events/event-bus.js';
import { JobHealth } from '../service/job-health.js';
import { JobService } from '../service/job-service.js';
import { type ResolvedMetricsOptions, METRICS_OPTIONS } from './metrics-options.js';
import { RunMetrics } from './run-metrics.js';
import { StateGauges } from './state-gauges.js';

/**
 * The metrics of the job scheduler in a registry of prom-client: counts and times of the runs of this process from its start
 * on, and the state of store and process at each scrape. Names and labels are listed in docs/metrics.md.
 */
@Injectable()
export class JobSchedulerMetrics implements OnApplicationShutdown {
  /** Where they are registered: the one that was given, or one of their own. */
  readonly registry: Registry;
  private readonly names: readonly string[];
  private readonly leave: () => void;

  constructor(
    health: JobHealth,
    events: EventBus,
    jobs: JobService,
    @Inject(METRICS_OPTIONS) { registry, prefix, defaultLabels }: ResolvedMetricsOptions,
  ) {
    this.registry = registry ?? new Registry();
    if (!registry) this.registry.setDefaultLabels(defaultLabels);
    const state = new StateGauges(this.registry, prefix, () => health.report());
    const runs = new RunMetrics(this.registry, prefix, registeredIn(jobs));
    this.names = [...state.names, ...runs.names];
    this.leave = events.on((event) => runs.count(event));
  }

  /** What Prometheus reads. Never rejects because the store is away: then `up` is 0, and what is known is told. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  /** The media type of `text()`. */
  get contentType(): string {
    return this.registry.contentType;
  }

  /** A registry that was given goes on without us: another app of this process may come. */
  onApplicationShutdown(): void {
    this.leave();
    for (const name of this.names) this.registry.removeSingleMetric(name);
  }
}

/** Whether a job is registered. Jobs may be added while the app runs, and none is taken away. */
function registeredIn(jobs: JobService): (name: string) => boolean {
  const known = new Set<string>();
  return (name) => {
    if (known.has(name)) return true;
    if (!jobs.getJobs().some((job) => job.name === name)) return false;
    known.add(name);
    return true;
  };
}
