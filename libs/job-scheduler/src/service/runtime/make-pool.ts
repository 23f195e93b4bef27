import { toErrorRecord } from '../../common/describe-error.js';
import type { OwnLogger } from '../../common/own-logger.js';
import { JobExecutor } from '../../execution/job-executor.js';
import type { LogWriter } from '../../execution/logs/log-writer.js';
import { OnFailAction } from '../../execution/on-fail.js';
import type { Store } from '../../store/ports/ports.js';
import { WorkerPool } from '../../worker/worker-pool.js';
import type { RuntimeParts } from './runtime-parts.js';

/** The pool that runs this module's jobs. @param logs takes what they log; whoever stops the pool closes it. */
export function makePool(parts: RuntimeParts, store: Store, logs: LogWriter, logger: OwnLogger): WorkerPool {
  const { options, registry, clock, admission, events } = parts;
  const { workerId } = parts.fleet;
  const { history, logStacks, telemetry } = options;
  const { executions } = store;
  const onFail = new OnFailAction(clock, logger, async (job, failure, id, declared) => {
    const told = { ...failure, error: toErrorRecord(failure.error) };
    await parts.enqueuer.enqueue(job, told, { id }, { trigger: 'on-fail', isOnFail: true, declared });
  });
  const common = { executions, clock, logger, logStacks, workerId, history };
  const services = { ...common, onFail, admission, events, telemetry, logs };
  return new WorkerPool({
    store,
    runner: new JobExecutor(services, registry, options.defaults, parts.fleetJobs, (id) =>
      parts.fleet.hasRecentOrder(id),
    ),
    queues: options.queues,
    order: options.queueOrder,
    concurrency: options.concurrency,
    lockDuration: options.lockDuration,
    workerId,
    telemetry,
    clock,
    onError: reportTo(logger),
    onStalled: (id) => events.wanted && void tellStalled(parts, id),
  });
}

/** What passes is the store's business; what lasts, such as a missing right, keeps jobs waiting: one warning. */
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

async function tellStalled({ clock, finder, events, fleet }: RuntimeParts, id: string): Promise<void> {
  const at = new Date(clock.now());
  const found = await finder.find(id).catch(() => undefined);
  if (!found) return;
  const { job, queue } = found;
  events.emit({ type: 'stalled', at, id, job, queue, workerId: fleet.workerId });
}
