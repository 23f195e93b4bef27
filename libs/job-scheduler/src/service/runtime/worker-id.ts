import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { ResolvedOptions } from '../../options/resolved-options.js';

/** What this process is called in executions and in the fleet: the name from the options, else one that no other has. */
export function makeWorkerId({ workerName }: ResolvedOptions): string {
  return workerName ?? `${hostname()}:${process.pid}:${randomBytes(3).toString('hex')}`;
}
