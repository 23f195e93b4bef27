import type { Clock } from '../definition/clock.js';
import { describeThrown } from '../definition/describe-error.js';
import type { StoreHolder } from '../store/store-holder.js';
import type { QueueInfo } from './queue-info.js';
import type { QueueReader } from './queue-reader.js';
import type { SchedulerRuntime } from './scheduler-runtime.js';
import { guardStore } from './store-guard.js';

/** What is known of the module's health at one moment. */
export interface HealthReport {
  readonly store: {
    readonly reachable: boolean;
    /** One round trip, in milliseconds. Undefined when it is not reachable. */
    readonly latencyMs: number | undefined;
    /** Why it is not reachable. */
    readonly error: string | undefined;
  };
  readonly worker: {
    /** Whether this process is meant to work now, and does. */
    readonly state: 'running' | 'stuck' | 'stopped';
    readonly busy: number;
    readonly concurrency: number;
    /** Processes that work on this store, this one included. */
    readonly fleet: number;
  };
  readonly queues: readonly QueueInfo[];
}

/** Looks at the store, the workers and the queues. Never rejects: a store that is away is part of the report. */
export class JobHealth {
  constructor(
    private readonly holder: StoreHolder,
    private readonly runtime: SchedulerRuntime,
    private readonly queues: QueueReader,
    private readonly clock: Clock,
  ) {}

  async report(): Promise<HealthReport> {
    try {
      const store = this.holder.require('check health');
      return await guardStore(store, this.clock, async () => {
        const startedAt = performance.now();
        await store.ping();
        const latencyMs = Math.round((performance.now() - startedAt) * 100) / 100;
        const [alive, queues] = await Promise.all([store.presence.alive(), this.queues.all()]);
        return { store: { reachable: true, latencyMs, error: undefined }, worker: this.worker(alive.length), queues };
      });
    } catch (thrown) {
      const error = describeThrown(thrown).message;
      return { store: { reachable: false, latencyMs: undefined, error }, worker: this.worker(0), queues: [] };
    }
  }

  private worker(fleet: number): HealthReport['worker'] {
    const pool = this.runtime.workerPool;
    const { concurrency, busy } = pool?.statistics() ?? { concurrency: 0, busy: 0 };
    const state = !this.runtime.isRunning ? 'stopped' : pool && !pool.statistics().alive ? 'stuck' : 'running';
    return { state, busy, concurrency, fleet };
  }
}
