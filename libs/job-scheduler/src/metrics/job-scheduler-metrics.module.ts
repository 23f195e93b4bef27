import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { OptionsError } from '../errors/definition-errors.js';
import { bindController } from '../http/bind-controller.js';
import { JobSchedulerMetrics } from './job-scheduler-metrics.js';
import { MetricsController } from './metrics.controller.js';
import {
  metricsOptionFaults,
  pathOf,
  resolveMetricsOptions,
  type JobSchedulerMetricsOptions,
  METRICS_OPTIONS,
} from './metrics-options.js';

/**
 * Metrics for Prometheus, on Express and Fastify. Import it beside `JobSchedulerModule`.
 *
 * @example
 * ```ts
 * JobSchedulerMetricsModule.register({ guards: [ScrapeGuard] })                 // GET /metrics
 * JobSchedulerMetricsModule.register({ controller: false, registry: register }) // into the app's own registry
 * ```
 */
@Module({})
export class JobSchedulerMetricsModule {
  /** @throws OptionsError at boot, with every fault of the options: also when it is not said who may read the metrics. */
  static register(options: JobSchedulerMetricsOptions): DynamicModule {
    const faults = metricsOptionFaults(options ?? {});
    if (faults.length > 0) return { module: JobSchedulerMetricsModule, providers: [failing(faults)] };
    const route = options.controller === false ? undefined : options;
    return {
      module: JobSchedulerMetricsModule,
      imports: route?.imports ?? [],
      controllers: route ? [bindController(MetricsController, pathOf(route), route.guards)] : [],
      providers: [{ provide: METRICS_OPTIONS, useValue: resolveMetricsOptions(options) }, JobSchedulerMetrics],
      exports: [JobSchedulerMetrics],
    };
  }
}

/** Wrong options are told where all faults of a boot are: not while files are still being imported. */
function failing(faults: ConstructorParameters<typeof OptionsError>[0]): Provider {
  return {
    provide: METRICS_OPTIONS,
    useFactory: () => {
      throw new OptionsError(faults, 'JobSchedulerMetricsModule');
    },
  };
}
