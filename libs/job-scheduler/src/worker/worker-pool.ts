import type { AdvancedOptions, Telemetry } from 'bullmq';
import type { Clock } from '../common/clock.js';
import { settlesWithin } from '../common/promises.js';
import type { JobSchedulerError } from '../errors/job-scheduler-error.js';
import { StoreUnavailableError } from '../errors/store-errors.js';
import type { JobRunner, RunningJob } from '../execution/running-job.js';
import type { QueueSettings } from '../options/resolved-options.js';
import type { Store } from '../store/ports/ports.js';
import { drain } from './drain.js';
import { ErrorReports } from './error-reports.js';
import type { ShareOrder } from './fair-share.js';
import { QueueWorker } from './queue-worker.js';
import { RecordBatch } from './record-batch.js';
import { type Slot, Slots } from './slots.js';
import { toError } from './store-faults.js';
import type { FetchTrigger } from './fetch-trigger.js';

export interface WorkerPoolOptions {
  readonly store: Pick<Store, 'kind' | 'address' | 'queues' | 'executions'>;
  readonly runner: JobRunner;
  readonly queues: ReadonlyMap<string, QueueSettings>;
  readonly order: ShareOrder;
  /** Slots: the most handlers at once, over all queues. */
  readonly concurrency: number;
  /** Milliseconds. A dead worker's job is fetched again within this and five seconds. */
  readonly lockDuration: number;
  /** Stands on the jobs that this pool fetches. */
  readonly workerId: string;
  readonly telemetry: Telemetry | undefined;
  readonly clock: Clock;
  /** BullMQ's own: backoff and repeat strategies. */
  readonly settings?: AdvancedOptions;
  /**
   * A store error: the pool goes on by itself. The same text is seldom repeated while it lasts.
   * @param isLasting the queue's jobs have been refused to this process for some time.
   */
  readonly onError: (error: Error, queue: string, isLasting: boolean) => void;
  /** A job of a worker that died, or lost its lock, was put back. */
  readonly onStalled?: (id: string, queue: string) => void;
  /** A slot was granted to a queue, whether or not a job was found. For tests and measurements. */
  readonly onGrant?: (queue: string) => void;
}

export interface PoolStatistics {
  readonly concurrency: number;
  /** Slots that run or fetch a job. */
  readonly busy: number;
  /** The pool has started, has not stopped, and the store answers all its queues. */
  readonly alive: boolean;
  readonly queues: readonly {
    readonly name: string;
    readonly running: number;
    readonly alive: boolean;
    /** For some time the store has refused to hand out its jobs, or to wait for them. */
    readonly hasTrouble: boolean;
  }[];
}

/** How long the store may take to connect all queues, in milliseconds. */
const OPEN_WITHIN = 10_000;
/** How long the store may take to close them, in milliseconds. */
const CLOSE_WITHIN = 1_000;

/** Runs the jobs of all queues in one set of slots, shared by weight (docs/queues.md#weights). */
export class WorkerPool {
  private readonly queues = new Map<string, QueueWorker>();
  private readonly slots: Slots;
  private readonly records: RecordBatch;
  /** Everything that must end before the queues close. Nothing in it rejects. */
  private readonly work = new Set<Promise<void>>();
  private readonly errors: ErrorReports;
  /** Whether a marker of this store reaches one process only. */
  private readonly popsMarkers: boolean;
  private starting: Promise<void> | undefined;
  private started = false;
  private stopping: Promise<void> | undefined;

  constructor(private readonly options: WorkerPoolOptions) {
    this.slots = new Slots(options.queues.values(), options.concurrency, options.order, options.onGrant);
    this.records = new RecordBatch(options.store.executions);
    this.errors = new ErrorReports(options.clock, (error, queue) => {
      options.onError(error, queue, this.queues.get(queue)?.poller.hasTrouble ?? false);
    });
    this.popsMarkers = options.store.kind === 'redis';
  }

  /**
   * Connects and begins to fetch jobs. Nothing is left open when it rejects.
   * @throws StoreUnavailableError when the store does not answer within ten seconds.
   */
  start(): Promise<void> {
    return (this.starting ??= this.open());
  }

  /**
   * Stops fetching jobs at once, and waits for the running ones; see `drain`. Never rejects. Safe to call twice.
   * @param timeout milliseconds for the running jobs.
   */
  stop(timeout: number): Promise<void> {
    return (this.stopping ??= this.close(timeout));
  }

  running(): RunningJob[] {
    return [...this.queues.values()].flatMap((queue) => queue.running());
  }

  /** The run of an execution in this process. */
  find(id: string): RunningJob | undefined {
    return this.running().find(({ started }) => started.id === id);
  }

  /** Aborts an execution's run. `false` when it does not run in this process, or has its outcome already. */
  abort(id: string, reason: JobSchedulerError): boolean {
    return this.find(id)?.abort(reason) ?? false;
  }

  statistics(): PoolStatistics {
    const queues = [...this.queues.values()].map((queue) => ({
      name: queue.queue,
      running: queue.running().length,
      alive: queue.poller.isAlive,
      hasTrouble: queue.poller.hasTrouble,
    }));
    return {
      concurrency: this.options.concurrency,
      busy: this.slots.busy,
      alive: this.started && !this.stopping && queues.every(({ alive }) => alive),
      queues,
    };
  }

  /** Resolves when no job runs, and nothing is left to be stored of one. */
  async whenIdle(): Promise<void> {
    while (this.work.size > 0) await Promise.all(this.work);
  }

  private async open(): Promise<void> {
    if (this.stopping) return;
    for (const name of this.options.queues.keys()) {
      this.queues.set(name, this.makeQueue(name));
      this.slots.setWork(name, true);
    }
    const opened = Promise.all([...this.queues.values()].map(({ bull }) => bull.open()));
    try {
      if (await settlesWithin(opened, this.options.clock, OPEN_WITHIN)) await opened;
      else throw new StoreUnavailableError(this.options.store.address, 'did not connect a worker within 10 s');
    } catch (error) {
      await this.stop(0);
      throw error;
    }
    if (this.stopping) return;
    this.started = true;
    this.fillSlots();
  }

  private async close(timeout: number): Promise<void> {
    const { clock } = this.options;
    const queues = [...this.queues.values()];
    for (const { poller } of queues) poller.stop();
    await settlesWithin(Promise.all(queues.map(({ bull }) => bull.stopWaiting())), clock, CLOSE_WITHIN);
    const passedOn = Promise.all(queues.map((queue) => queue.passLastMarkerOn()));
    await drain(this, clock, timeout);
    await settlesWithin(passedOn, clock, CLOSE_WITHIN);
    await settlesWithin(Promise.all(queues.map(({ bull }) => bull.shutDown())), clock, CLOSE_WITHIN);
  }

  private makeQueue(queue: string): QueueWorker {
    const { clock, concurrency, lockDuration, runner, settings, store, telemetry, workerId } = this.options;
    const worker: QueueWorker = new QueueWorker({
      queue,
      engine: store.queues,
      executions: store.executions,
      records: this.records,
      clock,
      lockDuration,
      workerId,
      telemetry,
      settings,
      runner,
      concurrency,
      isStopping: () => this.stopping !== undefined,
      hasOthers: () => this.runs() > 1,
      inBackground: (work) => this.track(work),
      onWake: (wake) => this.woken(worker, wake),
      onChange: (mayHaveWork) => this.slots.setWork(queue, mayHaveWork),
      onStalled: (id) => this.options.onStalled?.(id, queue),
      onError: (error) => this.errors.report(queue, error),
    });
    return worker;
  }

  /** Grants free slots, as long as there is work. */
  private fillSlots(): void {
    if (this.stopping || !this.started) return;
    for (let slot = this.slots.take(this.isReady); slot; slot = this.slots.take(this.isReady)) {
      this.track(this.serve(slot));
    }
  }

  private readonly isReady = (queue: string): boolean => this.queues.get(queue)!.poller.mayAsk;

  /** One slot, from its grant until it is free again. */
  private async serve(slot: Slot): Promise<void> {
    try {
      const queue = this.queues.get(slot.queue!)!;
      const token = queue.bull.makeToken();
      const keepSlot = () => !this.stopping && this.slots.keep(slot, this.isReady, !queue.poller.isHeld);
      let fetched = await queue.fetch(token);
      // What it found says whether to fetch more.
      if (fetched?.job) this.fillSlots();
      while (fetched?.job) {
        if (!queue.mayStart(fetched.job)) {
          await queue.requeue(fetched.job, token);
          return this.slots.leave(slot);
        }
        fetched = await queue.process(fetched.job, token, keepSlot);
        if (!fetched) return this.slots.leave(slot);
      }
      this.slots.waste(slot);
    } finally {
      this.fillSlots();
    }
  }

  private woken(queue: QueueWorker, wake: FetchTrigger): void {
    if (this.stopping) return;
    this.fillSlots();
    // No other process is concerned by a mere look; and if a slot was free, it fetches.
    if (!this.popsMarkers || wake === 'poll' || queue.poller.fetching > 0) return;
    this.track(queue.passMarkerOn(wake));
  }

  private runs(): number {
    let runs = 0;
    for (const { jobs } of this.queues.values()) runs += jobs.size;
    return runs;
  }

  private track(work: Promise<void>): void {
    const tracked = work.then(
      () => void this.work.delete(tracked),
      (error: unknown) => {
        this.work.delete(tracked);
        this.errors.report('', toError(error));
      },
    );
    this.work.add(tracked);
  }
}
