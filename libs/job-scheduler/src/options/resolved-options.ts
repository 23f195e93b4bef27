import type { Telemetry } from 'bullmq';
import type { JobOptions, Misfire, Overlap } from '../definition/job-options.js';
import type { RetentionPolicy } from '../definition/job-definition.js';
import type { RetryPolicy } from '../definition/retry-policy.js';
import type { Connection } from './connection.js';
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

/** What a process does: adds jobs, runs them, or fires schedules. The role `'all'` is all three. */
export type RolePart = 'producer' | 'worker' | 'scheduler';

export interface QueueSettings {
  readonly name: string;
  readonly weight: number;
  /** The most slots that it takes in the pool. */
  readonly max: number;
  /** The most jobs that may wait in it; absent: as many as come. */
  readonly maxWaiting?: number;
  /** There with `maxWaiting`. */
  readonly whenFull?: 'reject' | 'wait';
}

/** What a job gets where it says nothing. Durations are milliseconds. */
export interface JobDefaults {
  readonly queue: string;
  readonly retry: RetryPolicy;
  readonly timeout: number;
  readonly timezone: string;
  readonly misfire: Misfire;
  readonly misfireThreshold: number;
  readonly maxCatchUp: number;
  readonly overlap: Overlap;
  readonly retention: RetentionPolicy;
}

/** Injects the module's `ResolvedOptions`. */
export const RESOLVED_OPTIONS = Symbol('nestjs-job-scheduler:resolved-options');

/** The module's options: validated, filled in, frozen. Durations are milliseconds. */
export interface ResolvedOptions {
  readonly connection: Connection;
  readonly prefix: string;
  readonly app: string | undefined;
  /** By name, in the order of the options. */
  readonly queues: ReadonlyMap<string, QueueSettings>;
  readonly queueOrder: 'weighted' | 'strict';
  readonly concurrency: number;
  readonly roles: ReadonlySet<RolePart>;
  readonly jobs: Readonly<Record<string, Partial<JobOptions>>>;
  readonly defaults: JobDefaults;
  readonly history: boolean;
  readonly maxPayload: number;
  readonly shutdownTimeout: number;
  readonly lockDuration: number;
  readonly autoStart: boolean;
  readonly workerName: string | undefined;
  readonly logStacks: boolean;
  readonly globalEnhancers: boolean;
  readonly telemetry: Telemetry | undefined;
}

/** Injects what this process is called in executions and in the fleet. */
export const WORKER_ID = Symbol('nestjs-job-scheduler:worker-id');

/** The name from the options, or one that no other process has. */
export function makeWorkerId({ workerName }: ResolvedOptions): string {
  return workerName ?? `${hostname()}:${process.pid}:${randomBytes(3).toString('hex')}`;
}
