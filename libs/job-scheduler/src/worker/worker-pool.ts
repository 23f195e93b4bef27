import type { AdvancedOptions, Telemetry } from 'bullmq';
import type { Clock } from '../common/clock.js';
import { settlesWithin } from '../common/settles-within.js';
import type { JobSchedulerError } from '../errors/job-scheduler-error.js';
import { StoreUnavailableError } from '../errors/store-errors.js';
import type { JobRunner, RunningJob } from '../execution/running-job.js';
import type { QueueSettings } from '../options/resolved-options.js';
import type { Store } from '../store/ports/ports.js';
import { drain } from './drain.js';
import type { ShareOrder } from './fair-share.js';
import { QueueWorker } from './queue-worker.js';
import type { FetchResult, FetchedJob } from './fetch-result.js';
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
  /** Milliseconds. A dead worker's job is taken up within this and five seconds. */
  readonly lockDuration: number;
  /** Stands on the jobs that this pool takes. */
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
  /** The pool has started, has not stopped, and the store answers all its lanes. */
  readonly alive: boolean;
  readonly queues: readonly {
    readonly name: string;
    readonly running: number;
    readonly alive: boolean;
    /** For some time the store has refused to hand out its jobs, or to tell of them. */
    readonly hasTrouble: boolean;
  }[];
}

/** The same error of one queue is reported again after this many milliseconds. */
const SAME_ERROR_AGAIN = 10_000;
/** How long the store may take to connect all lanes, in milliseconds. */
const OPEN_WITHIN = 10_000;
/** How long the store may take to close them, in milliseconds. */
const CLOSE_WITHIN = 1_000;

/** Runs the jobs of all queues in one set of slots, shared by weight (docs/queues.md#weights). */
export class WorkerPool {
  private readonly lanes = new Map<string, QueueWorker>();
  private readonly slots: Slots;
  private readonly records: RecordBatch;
  /** Everything that must end before the lanes close. Nothing in it rejects. */
  private readonly work = new Set<Promise<void>>();
  private readonly reported = new Map<string, { message: string; until: number }>();
  /** Whether a wake-up of this store reaches one process only. */
  private readonly wakeUpsAreTaken: boolean;
  private starting: Promise<void> | undefined;
  private started = false;
  private stopping: Promise<void> | undefined;

  constructor(private readonly options: WorkerPoolOptions) {
    this.slots = new Slots(options.queues.values(), options.concurrency, options.order, options.onGrant);
    this.records = new RecordBatch(options.store.executions);
    this.wakeUpsAreTaken = options.store.kind === 'redis';
  }

  /**
   * Connects and begins to take jobs. Nothing is left open when it rejects.
   * @throws StoreUnavailableError when the store does not answer within ten seconds.
   */
  start(): Promise<void> {
    return (this.starting ??= this.open());
  }

  /**
   * Stops taking jobs at once, and waits for the running ones; see `drain`. Never rejects. Safe to call twice.
   * @param timeout milliseconds for the running jobs.
   */
  stop(timeout: number): Promise<void> {
    return (this.stopping ??= this.close(timeout));
  }

  running(): RunningJob[] {
    return [...this.lanes.values()].flatMap((lane) => lane.running());
  }

  /** The run of an execution in this process. */
  find(id: string): RunningJob | undefined {
    for (const lane of this.lanes.values()) {
      const found = lane.find(id);
      if (found) return found;
    }
    return undefined;
  }

  /** Aborts an execution's run. `false` when it does not run in this process, or has its outcome already. */
  abort(id: string, reason: JobSchedulerError): boolean {
    return this.find(id)?.abort(reason) ?? false;
  }

  statistics(): PoolStatistics {
    const queues = [...this.lanes.values()].map((lane) => ({
      name: lane.queue,
      running: lane.running().length,
      alive: lane.poller.isAlive,
      hasTrouble: lane.poller.hasTrouble,
    }));
    return {
      concurrency: this.options.concurrency,
      busy: this.slots.busy,
      alive: this.started && !this.stopping && queues.every(({ alive }) => alive),
      queues,
    };
  }

  /** Resolves when no job runs, and nothing is left to be told about one. */
  async whenIdle(): Promise<void> {
    while (this.work.size > 0) await Promise.all(this.work);
  }

  private async open(): Promise<void> {
    if (this.stopping) return;
    for (const name of this.options.queues.keys()) {
      this.lanes.set(name, this.makeLane(name));
      this.slots.setWork(name, true);
    }
    const opened = Promise.all([...this.lanes.values()].map(({ worker }) => worker.open()));
    try {
      if (await settlesWithin(opened, this.options.clock, OPEN_WITHIN)) await opened;
      else throw new StoreUnavailableError(this.options.store.address, 'did not connect a worker within 10 s');
    } catch (error) {
      await this.stop(0);
      throw error;
    }
    if (this.stopping) return;
    this.started = true;
    this.schedule();
  }

  private async close(timeout: number): Promise<void> {
    const { clock } = this.options;
    const lanes = [...this.lanes.values()];
    for (const { poller } of lanes) poller.stop();
    await settlesWithin(Promise.all(lanes.map(({ worker }) => worker.stopWaiting())), clock, CLOSE_WITHIN);
    const passedOn = Promise.all(lanes.map((lane) => this.passLastMarkerOn(lane)));
    await drain(this, clock, timeout);
    await settlesWithin(passedOn, clock, CLOSE_WITHIN);
    await settlesWithin(Promise.all(lanes.map(({ worker }) => worker.shutDown())), clock, CLOSE_WITHIN);
  }

  private makeLane(queue: string): QueueWorker {
    const { clock, concurrency, lockDuration, runner, settings, store, telemetry, workerId } = this.options;
    const { executions } = store;
    const inBackground = (work: Promise<void>) => this.track(work);
    const hasCompany = () => this.runs() > 1;
    const settling = { executions, records: this.records, hasCompany, inBackground };
    const lane: QueueWorker = new QueueWorker({
      queue,
      engine: store.queues,
      clock,
      lockDuration,
      workerId,
      telemetry,
      settings,
      settling,
      runner,
      concurrency,
      isStopping: () => this.stopping !== undefined,
      onWake: (wake) => this.woken(lane, wake),
      onChange: (mayHaveWork) => this.slots.setWork(queue, mayHaveWork),
      onStalled: (id) => this.options.onStalled?.(id, queue),
      onError: (error) => this.report(queue, error),
    });
    return lane;
  }

  /** Gives free slots away, as long as there is work. */
  private schedule(): void {
    if (this.stopping || !this.started) return;
    for (let slot = this.slots.take(this.isReady); slot; slot = this.slots.take(this.isReady)) {
      this.track(this.serve(slot));
    }
  }

  private readonly isReady = (queue: string): boolean => this.lanes.get(queue)!.poller.mayAsk;

  /** One slot, from its grant until it is free again. */
  private async serve(slot: Slot): Promise<void> {
    try {
      const lane = this.lanes.get(slot.lane!)!;
      const token = lane.worker.makeToken();
      let taken = await lane.fetch(token);
      // What it found says whether to ask more.
      if (taken?.job) this.schedule();
      while (taken?.job) {
        if (!lane.mayStart(taken.job)) {
          await lane.refuse(taken.job, token);
          return this.slots.leave(slot);
        }
        taken = await this.runOne(lane, taken.job, token, slot);
        if (!taken) return this.slots.leave(slot);
      }
      this.slots.waste(slot);
    } finally {
      this.schedule();
    }
  }

  private runOne(lane: QueueWorker, job: FetchedJob, token: string, slot: Slot): Promise<FetchResult | undefined> {
    return lane.process(job, token, () => {
      return !this.stopping && this.slots.keep(slot, this.isReady, !lane.poller.isHeld);
    });
  }

  private woken(lane: QueueWorker, wake: FetchTrigger): void {
    if (this.stopping) return;
    this.schedule();
    // Looking for a job that may have come is nobody else's business; and if we could ask, we have.
    if (!this.wakeUpsAreTaken || wake === 'poll' || lane.poller.fetching > 0) return;
    this.track(this.passMarkerOn(lane, wake));
  }

  /** We have no slot for what woke us: another process may. */
  private async passMarkerOn(lane: QueueWorker, wake: FetchTrigger): Promise<void> {
    try {
      const { ticket } = lane.poller;
      // A wake-up for a job that somebody has taken would else go round among full processes for ever.
      if (wake === 'told' && !(await lane.worker.hasWork())) return lane.poller.sawNothing(ticket);
      await this.options.store.queues.passMarkerOn(lane.queue, 0);
    } catch (error) {
      this.report(lane.queue, toError(error));
    }
  }

  /** A wait that was cut off may have taken a wake-up with it. */
  private async passLastMarkerOn(lane: QueueWorker): Promise<void> {
    try {
      await this.options.store.queues.passMarkerOn(lane.queue, 0);
      // The first may still have gone to our own connection, whose end the store had not seen.
      await this.options.store.queues.passMarkerOn(lane.queue, 0);
    } catch (error) {
      this.report(lane.queue, toError(error));
    }
  }

  private runs(): number {
    let runs = 0;
    for (const { worker } of this.lanes.values()) runs += worker.jobs.size;
    return runs;
  }

  private track(work: Promise<void>): void {
    const tracked = work.then(
      () => void this.work.delete(tracked),
      (error: unknown) => {
        this.work.delete(tracked);
        this.report('', toError(error));
      },
    );
    this.work.add(tracked);
  }

  private report(queue: string, error: Error): void {
    const now = this.options.clock.now();
    const last = this.reported.get(queue);
    if (last?.message === error.message && now < last.until) return;
    this.reported.set(queue, { message: error.message, until: now + SAME_ERROR_AGAIN });
    try {
      this.options.onError(error, queue, this.lanes.get(queue)?.poller.hasTrouble ?? false);
    } catch {
      // Whoever reports errors must not stop the pool.
    }
  }
}
