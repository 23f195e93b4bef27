import { Inject, Injectable } from '@nestjs/common';
import { describeThrown } from '../common/describe-error.js';
import type { ScheduleRepair } from '../scheduling/sync/scheduler-sync.js';
import { RESOLVED_OPTIONS, type ResolvedOptions, type RolePart } from '../options/resolved-options.js';
import { StoreHolder } from '../store/store-holder.js';
import { StoreTime } from '../store/store-time.js';
import type { WorkerPool } from '../worker/worker-pool.js';
import type { QueueInfo } from '../queues/queue-info.js';
import { QueueInfoReader } from '../queues/queue-info-reader.js';
import { SchedulerRuntime } from './runtime/scheduler-runtime.js';
import { guardStore } from '../store/store-guard.js';

/** What is known of the module's health at one moment. */
export interface HealthReport {
  /** What this process takes part in. */
  readonly roles: readonly RolePart[];
  readonly store: {
    readonly reachable: boolean;
    /** One round trip, in milliseconds. Undefined when it is not reachable. */
    readonly latencyMs: number | undefined;
    /** Why it is not reachable. */
    readonly error: string | undefined;
  };
  readonly clock: {
    /** By how many milliseconds this process's clock is ahead of the store's, or behind it; 0 where they hardly differ. */
    readonly aheadMs: number;
  };
  readonly worker: {
    /** Whether this process is meant to run jobs now, and does. `none`: its role is not to. */
    readonly state: 'running' | 'stuck' | 'stopped' | 'none';
    readonly busy: number;
    readonly concurrency: number;
    /** Processes that run jobs of this store, this one included if it does. */
    readonly fleet: number;
    /** Queues whose jobs the store has refused to this process for over ten seconds; the log says why. Absent: none. */
    readonly refused?: readonly string[];
  };
  readonly queues: readonly QueueInfo[];
  /** Schedules that were found broken in the last ten minutes, and repaired, by any instance. Known to instances that fire schedules. */
  readonly repairs: readonly ScheduleRepair[];
}

/** Looks at the store, the workers and the queues. Never rejects: a store that is away is part of the report. */
@Injectable()
export class JobHealth {
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly holder: StoreHolder,
    private readonly runtime: SchedulerRuntime,
    private readonly queues: QueueInfoReader,
    private readonly time: StoreTime,
  ) {}

  async report(): Promise<HealthReport> {
    try {
      const store = this.holder.require('check health');
      return await guardStore(store, async () => {
        const startedAt = performance.now();
        await store.ping();
        const latencyMs = Math.round((performance.now() - startedAt) * 100) / 100;
        const [alive, queues] = await Promise.all([store.heartbeats.alive(), this.queues.all()]);
        await this.time.sure();
        const repairs = this.runtime.repairs.recent();
        const reached = { reachable: true, latencyMs, error: undefined };
        const worker = this.worker(alive.length);
        return { roles: this.roles, store: reached, clock: this.clock, worker, queues, repairs };
      });
    } catch (thrown) {
      const error = describeThrown(thrown).message;
      const away = { reachable: false, latencyMs: undefined, error };
      return {
        roles: this.roles,
        store: away,
        clock: this.clock,
        worker: this.worker(0),
        queues: [],
        repairs: this.runtime.repairs.recent(),
      };
    }
  }

  private get clock(): HealthReport['clock'] {
    return { aheadMs: this.time.ahead };
  }

  private get roles(): readonly RolePart[] {
    return [...this.options.roles];
  }

  private worker(fleet: number): HealthReport['worker'] {
    const pool = this.runtime.workerPool;
    const { concurrency, busy, queues } = pool?.statistics() ?? { concurrency: 0, busy: 0, queues: [] };
    const refused = queues.filter(({ hasTrouble }) => hasTrouble).map(({ name }) => name);
    return { state: this.workerState(pool), busy, concurrency, fleet, ...(refused.length > 0 && { refused }) };
  }

  private workerState(pool: WorkerPool | undefined): HealthReport['worker']['state'] {
    if (!this.options.roles.has('worker')) return 'none';
    if (!this.runtime.isRunning) return 'stopped';
    return pool && !pool.statistics().alive ? 'stuck' : 'running';
  }
}
