import type { RepeatStrategy, Telemetry } from 'bullmq';
import type { Logger } from '@nestjs/common';
import type { Clock } from '../definition/clock.js';
import { within } from '../definition/within.js';
import type { JobDefinition } from '../definition/job-definition.js';
import { TICK_QUEUE } from '../store/names.js';
import type { EngineQueue, Store } from '../store/ports.js';
import { WorkerPool } from '../worker/worker-pool.js';
import { FireGate, type EnqueueFire } from './fire-gate.js';
import { Reconciler } from './reconciler.js';
import { runOnStart, type EnqueueFirstRun } from './run-on-start.js';
import { openTickQueue } from './tick-queue.js';

export interface TickerParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly repeatStrategy: RepeatStrategy;
  readonly lockDuration: number;
  readonly workerId: string;
  readonly telemetry: Telemetry | undefined;
  readonly definitions: () => readonly JobDefinition[];
  readonly enqueueFire: EnqueueFire;
  readonly enqueueFirstRun: EnqueueFirstRun;
}

/** Fires handled at once by this process. A fire is two or three round trips, so a few are plenty. */
const FIRES_AT_ONCE = 10;
/** How long the tick queue may take to close, in milliseconds. */
const CLOSE_WITHIN = 1_000;

/** This process's part in firing schedules: it keeps the declared ones in the store, and passes on what fires. */
export class ScheduleTicker {
  private readonly queue: EngineQueue;
  private readonly pool: WorkerPool;

  constructor(private readonly parts: TickerParts) {
    const { store, clock, logger, repeatStrategy } = parts;
    this.queue = openTickQueue(store, repeatStrategy);
    this.queue.on('error', (error) => logger.debug(`Tick queue: ${error.message}`));
    const knows = (job: string) => parts.definitions().some((definition) => definition.name === job);
    this.pool = new WorkerPool({
      store,
      runner: new FireGate(knows, parts.enqueueFire, logger),
      queues: new Map([[TICK_QUEUE, { name: TICK_QUEUE, weight: 1, max: FIRES_AT_ONCE }]]),
      order: 'weighted',
      concurrency: FIRES_AT_ONCE,
      lockDuration: parts.lockDuration,
      workerId: parts.workerId,
      telemetry: parts.telemetry,
      clock,
      settings: { repeatStrategy },
      onError: (error) => logger.debug(`Tick queue: ${error.message}`),
    });
  }

  async start(): Promise<void> {
    await this.reconcile();
    await runOnStart(this.parts.definitions(), this.parts.store.facts, this.parts.enqueueFirstRun);
    await this.pool.start();
  }

  /** Also after a job was registered while the app runs. */
  async reconcile(): Promise<void> {
    const { store, clock, logger, definitions } = this.parts;
    await new Reconciler(this.queue, store.facts, clock, logger).reconcile(definitions());
  }

  async stop(timeout: number): Promise<void> {
    await this.pool.stop(timeout);
    await within(this.queue.close(), this.parts.clock, CLOSE_WITHIN);
  }
}
