import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { parseDuration, type Duration } from '../common/duration.js';
import { JobHealth, type HealthReport } from '../service/job-health.js';
import type { QueueInfo } from '../queues/queue-info.js';

/** From when on the job scheduler counts as impaired or down. A threshold that is not set is not judged. */
export interface HealthThresholds {
  /** A store round trip that takes longer: degraded. Default `'1s'`. */
  latency?: Duration;
  /** Executions waiting for a slot in one queue, more than this: degraded. */
  pending?: number;
  /** The oldest waiting execution of a queue is older: degraded. Default `'5m'`. */
  oldestWaiting?: Duration;
  /** The oldest waiting execution of a queue is older: down. */
  oldestWaitingDown?: Duration;
  /** The oldest waiting execution of a paused queue is older: degraded. Default `'1h'`. */
  paused?: Duration;
}

/** The clocks of process and store count as different from here on, in milliseconds. */
const CLOCKS_DIFFER = 5_000;

/**
 * Terminus indicator. `down`: the store does not answer, or this process's workers are stuck.
 * `degraded`: a threshold is passed, nobody in the fleet works although executions wait, the store has refused the jobs of a
 * queue to this process for ten seconds, its clock differs from the store's by more than 5 s, or a schedule had to be repaired
 * in the last ten minutes.
 *
 * @example
 * ```ts
 * this.health.check([() => this.jobs.isHealthy('jobs')]);
 * ```
 */
@Injectable()
export class JobSchedulerHealthIndicator {
  constructor(
    private readonly jobs: JobHealth,
    private readonly indicators: HealthIndicatorService,
  ) {}

  /** @param key under which the result stands in the health check. */
  async isHealthy<const Key extends string>(
    key: Key,
    thresholds: HealthThresholds = {},
  ): Promise<HealthIndicatorResult<Key>> {
    const indicator = this.indicators.check(key);
    const report = await this.jobs.report();
    const { down, degraded } = judge(report, thresholds);
    const data = { ...summary(report), ...(down.length + degraded.length > 0 && { problems: [...down, ...degraded] }) };
    if (down.length > 0) return indicator.down(data);
    return degraded.length > 0 ? indicator.degraded(data) : indicator.up(data);
  }
}

function judge(report: HealthReport, thresholds: HealthThresholds): { down: string[]; degraded: string[] } {
  const down: string[] = [];
  const degraded: string[] = [];
  if (!report.store.reachable) down.push('store: not reachable');
  if (report.worker.state === 'stuck') down.push('worker: takes no jobs any more');
  for (const name of report.worker.refused ?? []) degraded.push(`queue ${name}: the store refuses its jobs`);
  const latency = parseDuration(thresholds.latency ?? '1s');
  if ((report.store.latencyMs ?? 0) > latency) degraded.push(`store: a round trip takes over ${latency} ms`);
  const waiting = report.queues.some((queue) => queue.counts.pending > 0);
  if (report.store.reachable && report.worker.fleet === 0 && waiting)
    degraded.push('worker: jobs wait and nobody works');
  const { aheadMs } = report.clock;
  if (Math.abs(aheadMs) > CLOCKS_DIFFER)
    degraded.push(`clock: ${Math.abs(aheadMs)} ms ${aheadMs > 0 ? 'ahead of' : 'behind'} the store's`);
  for (const { scheduleId, trouble } of report.repairs) degraded.push(`schedule ${scheduleId}: ${trouble}; repaired`);
  for (const queue of report.queues) judgeQueue(queue, thresholds, down, degraded);
  return { down, degraded };
}

function judgeQueue(queue: QueueInfo, thresholds: HealthThresholds, down: string[], degraded: string[]): void {
  const { name, counts, oldestWaitingMs, paused } = queue;
  if (thresholds.pending !== undefined && counts.pending > thresholds.pending) {
    degraded.push(`queue ${name}: ${counts.pending} waiting, more than ${thresholds.pending}`);
  }
  if (oldestWaitingMs === undefined) return;
  if (paused) {
    if (oldestWaitingMs > parseDuration(thresholds.paused ?? '1h'))
      degraded.push(`queue ${name}: it is paused, and the oldest job waits for ${oldestWaitingMs} ms`);
    return;
  }
  const longest = thresholds.oldestWaitingDown === undefined ? Infinity : parseDuration(thresholds.oldestWaitingDown);
  if (oldestWaitingMs > longest) down.push(`queue ${name}: the oldest job waits for over ${longest} ms`);
  else if (oldestWaitingMs > parseDuration(thresholds.oldestWaiting ?? '5m')) {
    degraded.push(`queue ${name}: the oldest job waits for ${oldestWaitingMs} ms`);
  }
}

function summary({ roles, store, worker, queues }: HealthReport) {
  return {
    roles,
    store: store.reachable ? { latencyMs: store.latencyMs } : { error: 'The job store does not answer' },
    worker,
    queues: Object.fromEntries(
      queues.map(({ name, counts, paused, oldestWaitingMs }) => [name, { ...counts, paused, oldestWaitingMs }]),
    ),
  };
}
