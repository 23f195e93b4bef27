/** The only place with defaults. */
import type { JobDefaults } from './resolved-options.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

export const DEFAULT_QUEUES: Readonly<Record<string, number>> = Object.freeze({ critical: 6, default: 3, low: 1 });

/** Durations are milliseconds. */
export const MODULE_DEFAULTS = Object.freeze({
  connection: 'memory:',
  prefix: 'jobs',
  whenFull: 'reject',
  queueOrder: 'weighted',
  concurrency: 10,
  role: 'all',
  history: true,
  maxPayload: 1024 * 1024,
  globalEnhancers: false,
  shutdownTimeout: 30 * SECOND,
  lockDuration: 30 * SECOND,
  autoStart: true,
} as const);

/** Durations are milliseconds. */
export const JOB_DEFAULTS: JobDefaults = Object.freeze({
  queue: 'default',
  retry: Object.freeze({ max: 3, backoff: 'exponential', delay: SECOND, maxDelay: 60 * MINUTE, jitter: 0 } as const),
  timeout: 5 * MINUTE,
  timezone: 'UTC',
  misfire: 'skip',
  misfireThreshold: 60 * SECOND,
  maxCatchUp: 100,
  overlap: 'allow',
  retention: Object.freeze({ count: 100, age: 7 * DAY, failed: 30 * DAY }),
} as const);
