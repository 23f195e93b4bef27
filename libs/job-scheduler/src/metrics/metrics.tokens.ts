/** What `register` was given, with defaults. */
export const METRICS_OPTIONS = 'nestjs-job-scheduler:metrics-options';
