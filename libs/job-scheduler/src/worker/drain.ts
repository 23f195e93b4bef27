import type { Clock } from '../common/clock.js';
import { settlesWithin } from '../common/promises.js';
import { JobShutdownError } from '../errors/outcome-errors.js';
import type { RunningJob } from '../execution/running-job.js';

export interface Drainable {
  running(): RunningJob[];
  /** Resolves when no job runs, and nothing is left to be stored of one. */
  whenIdle(): Promise<void>;
}

/** How long an aborted job may take to end by itself, in milliseconds. */
const GRACE = 1_000;
/** How long the store may take to get the jobs back that were abandoned, in milliseconds. */
const FINAL_FLUSH = 2_000;

/**
 * Waits for running jobs (docs/guarantees.md#shutdown): those with `onShutdown: abort` are aborted at once, the others after
 * `timeout` milliseconds; what then still runs after a second is abandoned, and goes back to its queue. Never rejects.
 */
export async function drain(pool: Drainable, clock: Clock, timeout: number): Promise<void> {
  const atOnce = pool.running().filter(({ onShutdown }) => onShutdown === 'abort');
  for (const job of atOnce) job.abort(new JobShutdownError());
  const grace = clock.after(GRACE, () => abandon(atOnce, pool));
  // Without a job there is only a store to wait for, which may be away.
  if (pool.running().length > 0) await idleWithin(pool, clock, timeout);
  grace.cancel();

  for (const job of pool.running()) job.abort(new JobShutdownError());
  if (await idleWithin(pool, clock, GRACE)) return;
  abandon(pool.running(), pool);
  await idleWithin(pool, clock, FINAL_FLUSH);
}

function abandon(jobs: readonly RunningJob[], pool: Drainable): void {
  const still = new Set(pool.running());
  for (const job of jobs) if (still.has(job)) job.abandon();
}

async function idleWithin(pool: Drainable, clock: Clock, ms: number): Promise<boolean> {
  return settlesWithin(pool.whenIdle(), clock, ms);
}
