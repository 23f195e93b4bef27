export { JobSchedulerHealthIndicator, type HealthThresholds } from './job-scheduler.health.js';
export { JobSchedulerHealthModule } from './job-scheduler-health.module.js';
