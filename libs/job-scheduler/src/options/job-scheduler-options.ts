import type { Telemetry } from 'bullmq';
import type { Duration } from '../common/duration.js';
import type { JobOptions, Overlap } from '../definition/job-options.js';
import type { Connection } from './connection.js';

/**
 * What a process takes part in. `producer`: it enqueues (every role can). `worker`: it also runs jobs.
 * `scheduler`: it also fires schedules. `all`: everything.
 */
export type Role = 'producer' | 'worker' | 'scheduler' | 'all';

export interface QueueOptions {
  /** Its share of the slots while all queues are busy: any number above 0. */
  weight: number;
  /** The most slots that it takes in a process, 1 or more. Default: `concurrency`. */
  max?: number;
  /**
   * The most jobs that may wait in it, 1 or more; what `enqueue` then does, `whenFull` says. It holds for what this process
   * enqueues, exactly, however many processes do so at once. Never refused, though they count once they wait: fires of
   * schedules, runs by hand, on-fail jobs, retries, what is put back, and jobs for later when their time comes.
   * Default: as many as come.
   */
  maxWaiting?: number;
  /** `reject` (default): `enqueue` rejects with `QUEUE_FULL`. `wait`: it waits for room. Counts with `maxWaiting` only. */
  whenFull?: 'reject' | 'wait';
}

/** What `JobSchedulerModule.forRoot` takes. Everything is optional. */
export interface JobSchedulerOptions {
  /**
   * Where jobs are kept: `redis://`, `rediss://`, `postgres://`, `file:DIR` or `memory:`, or a client (ioredis `Redis` or
   * `Cluster`, `pg.Pool`, `PGlite`), or options for an ioredis client. A client that is given is not closed.
   * Default `'memory:'`: jobs end with the process.
   */
  connection?: Connection;
  /**
   * Namespace of every key, schema and lock: apps of other prefixes share nothing. A letter or `_`, then up to 39 letters,
   * digits, `_` or `-`. Default `'jobs'`.
   */
  prefix?: string;
  /**
   * The name of the app, where several share a prefix: schedules that are no longer declared are removed by the same app's
   * code only. Up to 200 characters. Default: versions that have a job in common are one app.
   */
  app?: string;
  /**
   * Queues by name, with their weights: these and no others. Names: a letter or digit, then up to 63 letters, digits, `_`,
   * `-` or `.`. Jobs that name no queue need one called `default`. Default `{ critical: 6, default: 3, low: 1 }`.
   */
  queues?: Record<string, number | QueueOptions>;
  /** `weighted` (default) shares slots by weight; `strict` serves the heaviest queue with work first, always. */
  queueOrder?: 'weighted' | 'strict';
  /** Slots: the most handlers that run at once in this process, over all queues. 1 to 10,000; default 10. */
  concurrency?: number;
  /** One role or several: API processes enqueue, worker processes work. Default `'all'`. */
  role?: Role | Role[];
  /** Overrides what decorators say, by job name: `{ 'report.nightly': { schedule: '0 3 * * *', enabled: false } }`. */
  jobs?: Record<string, Partial<JobOptions>>;
  /**
   * What jobs get where they say nothing. Where this says nothing either: queue `default`, 3 retries (1 s, 2 s, 4 s), timeout
   * `'5m'`, time zone `UTC`, misfire `skip` after `'60s'`, catch-up of 100, overlap `allow`, 100 executions kept for `'7d'`,
   * failed ones for `'30d'`.
   */
  defaults?: Partial<
    Pick<
      JobOptions,
      'queue' | 'retry' | 'timeout' | 'timezone' | 'misfire' | 'misfireThreshold' | 'maxCatchUp' | 'retention'
    >
  > & {
    /** Without a key: that is a matter of one job's payload. */
    overlap?: Overlap;
  };
  /**
   * Whether records of executions are kept after their end. Default `true`. With `false` nothing is known of an execution
   * once it has ended, and one whose process dies between its handler's end and the store's answer runs again.
   */
  history?: boolean;
  /** The largest payload, in bytes of JSON. 1 to 64 MiB; default 1 MiB. */
  maxPayload?: number;
  /** How long running jobs may take to end when the app closes. Default `'30s'`. */
  shutdownTimeout?: Duration;
  /** A job whose worker died is taken up within this and 5 s. `'1s'` to `'1d'`; default `'30s'`. */
  lockDuration?: Duration;
  /** `false`: jobs run after `JobService.start()` only. Default `true`. */
  autoStart?: boolean;
  /** This process in executions and lists, up to 200 characters. Default: host, process id and a random part. */
  workerName?: string;
  /** Whether the log has the stack of a job that fails for good. Default: unless `NODE_ENV` is `production`. Records have it always. */
  logStacks?: boolean;
  /**
   * Whether the app's global guards, pipes, interceptors and filters (`APP_GUARD` and the like, `app.useGlobalGuards()`) run
   * around jobs of providers, too. Default `false`: they are made for requests, and no job meets them, whether or not it has
   * enhancers of its own. With `true` they run around each attempt of each, outside of its own.
   */
  globalEnhancers?: boolean;
  /** BullMQ's telemetry interface, e.g. of `bullmq-otel`. */
  telemetry?: Telemetry;
}
