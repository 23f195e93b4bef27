import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { ResolvedOptions } from './resolved-options.js';

/** Injects what this process is called in executions and in the fleet. */
export const WORKER_ID = Symbol('nestjs-job-scheduler:worker-id');

/** The name from the options, or one that no other process has. */
export function makeWorkerId({ workerName }: ResolvedOptions): string {
  return workerName ?? `${hostname()}:${process.pid}:${randomBytes(3).toString('hex')}`;
}
