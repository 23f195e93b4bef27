export { JobSchedulerMetrics } from './job-scheduler-metrics.js';
export { JobSchedulerMetricsModule } from './job-scheduler-metrics.module.js';
export type { JobSchedulerMetricsOptions, ScrapedOptions, UnscrapedOptions } from './metrics-options.js';
