import { toErrorRecord } from '../../common/describe-error.js';
import { OwnLogger } from '../../common/own-logger.js';
import { JobExecutor } from '../../execution/job-executor.js';
import type { LogWriter } from '../../execution/logs/log-writer.js';
import { OnFailAction } from '../../execution/on-fail.js';
import type { Store } from '../../store/ports/ports.js';
import { WorkerPool } from '../../worker/worker-pool.js';
import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { JobRegistry } from '../../discovery/job-registry.js';
import { EventBus } from '../../events/event-bus.js';
import { FleetJobs } from '../../execution/fleet-jobs.js';
import { OverlapGuards } from '../../execution/overlap/overlap-guards.js';
import { RemoteCancel } from '../../jobs/cancel/remote-cancel.js';
import { Enqueuer } from '../../jobs/enqueue/enqueuer.js';
import { ExecutionFinder } from '../../jobs/execution-finder.js';
import { RESOLVED_OPTIONS, type ResolvedOptions, WORKER_ID } from '../../options/resolved-options.js';

/** Makes the pool that runs this module's jobs. */
@Injectable()
export class WorkerPoolFactory {
  private readonly logger = new OwnLogger();

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    @Inject(WORKER_ID) private readonly workerId: string,
    private readonly registry: JobRegistry,
    private readonly clock: Clock,
    private readonly overlapGuards: OverlapGuards,
    private readonly remoteCancel: RemoteCancel,
    private readonly fleetJobs: FleetJobs,
    private readonly enqueuer: Enqueuer,
    private readonly finder: ExecutionFinder,
    private readonly events: EventBus,
  ) {}

  /** @param logs takes what the jobs log; close it after the pool has stopped. */
  create(store: Store, logs: LogWriter): WorkerPool {
    const { options, registry, clock, events, workerId, logger } = this;
    const { history, logStacks, telemetry } = options;
    const { executions } = store;
    const onFail = new OnFailAction(clock, logger, async (job, failure, id, declared) => {
      const payload = { ...failure, error: toErrorRecord(failure.error) };
      await this.enqueuer.enqueue(job, payload, { id }, { trigger: 'on-fail', isOnFail: true, declared });
    });
    const common = { executions, clock, logger, logStacks, workerId, history };
    const services = { ...common, onFail, admission: this.overlapGuards, events, telemetry, logs };
    return new WorkerPool({
      store,
      runner: new JobExecutor(services, registry, options.defaults, this.fleetJobs, (id) =>
        this.remoteCancel.hasRecentOrder(id),
      ),
      queues: options.queues,
      order: options.queueOrder,
      concurrency: options.concurrency,
      lockDuration: options.lockDuration,
      workerId,
      telemetry,
      clock,
      onError: reportTo(logger),
      onStalled: (id) => events.wanted && void this.emitStalled(id),
    });
  }

  private async emitStalled(id: string): Promise<void> {
    const { clock, finder, events, workerId } = this;
    const at = new Date(clock.now());
    const found = await finder.find(id).catch(() => undefined);
    if (!found) return;
    events.emit({ type: 'stalled', at, id, job: found.job, queue: found.queue, workerId });
  }
}

/** A passing error of the store is for the debug log. One that lasts, such as a missing right, keeps jobs waiting: one warning. */
function reportTo(logger: OwnLogger): (error: Error, queue: string, isLasting: boolean) => void {
  let warnedOf: string | undefined;
  return ({ message }, queue, isLasting) => {
    if (isLasting && warnedOf === undefined)
      logger.warn(`Jobs of queue "${queue}" start late here, or not at all. The store refuses: ${message}`);
    else logger.debug(message);
    if (isLasting) warnedOf ??= queue;
    else if (warnedOf === queue) warnedOf = undefined;
  };
}
