import { Inject, Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Clock } from '../../common/clock.js';
import { describeThrown } from '../../common/describe-error.js';
import type { JobEvent } from '../../definition/job-event.js';
import type { RetentionPolicy } from '../../definition/job-definition.js';
import { OwnLogger } from '../../common/own-logger.js';
import { FireOwnedError } from '../../errors/schedule-errors.js';
import { retentionElsewhere, retentionOf } from '../retention.js';
import { toEndText } from '../end-text.js';
import type { CancelOrder } from './remote-cancel.js';
import { executionFields } from '../../events/job-events.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../../options/resolved-options.js';
import { JobRegistry } from '../../discovery/job-registry.js';
import { originOf } from '../../store/codecs/execution-origin.js';
import type { ExecutionWrite, StoredExecution } from '../../store/ports/execution-record.js';
import { toQueuedExecution } from '../../store/codecs/job-envelope.js';
import { KEPT_LONGER } from '../../store/ports/log-store.js';
import { encodeJobId } from '../../store/names.js';
import type { QueuedExecution } from '../../store/codecs/queued-execution.js';
import { StoreHolder } from '../../store/store-holder.js';
import { EventBus } from '../../events/event-bus.js';
import type { EngineJob, FoundExecution } from '../execution-finder.js';
import { BullQueues } from '../../queues/bull-queues.js';

/** BullMQ's code for a job that is the next one of a job scheduler. */
const NEXT_FIRE = -8;

/** BullMQ's own scripts cut off the oldest ones. */
const KEEP_ALL_EVENTS = 1_000_000_000;

/** Takes executions that do not run out of their queues, and records them as cancelled. */
@Injectable()
export class WaitingJobRemover {
  private readonly listeners: ((job: QueuedExecution) => Promise<void>)[] = [];
  private readonly logger = new OwnLogger();

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly registry: JobRegistry,
    private readonly queues: BullQueues,
    private readonly holder: StoreHolder,
    private readonly clock: Clock,
    private readonly events: EventBus,
  ) {}

  /** `listener` is called with each execution that was taken out: it gives back what is held for one, as no run of it will. */
  onRemoved(listener: (job: QueuedExecution) => Promise<void>): void {
    this.listeners.push(listener);
  }

  /** `false` when a worker has it, or it has ended: then nothing was changed. @throws FireOwnedError */
  async remove(found: FoundExecution & { inQueue: EngineJob }, order: CancelOrder): Promise<boolean> {
    const { inQueue, queue, id } = found;
    const jobId = inQueue.id ?? encodeJobId(id, queue);
    if (!(await this.removeFromQueue(found, jobId))) return false;
    const started = toQueuedExecution(inQueue, queue);
    const recorded = await this.record(found, started, order);
    await Promise.all(this.listeners.map((listener) => this.tell(listener, started)));
    if (recorded) {
      await this.publishCancelled(queue, jobId, order);
      await this.endLines(started);
      this.events.tell(() => this.toEvent(started, order));
    }
    return recorded;
  }

  /** As of a run that is cancelled: those who wait for its end hear of it, also where no record is kept. */
  private async publishCancelled(queue: string, jobId: string, { reason }: CancelOrder): Promise<void> {
    const event = { event: 'failed', jobId, failedReason: toEndText('cancelled', reason), prev: 'removed' };
    try {
      await this.queues.get(queue).getBackend().publishEvent(event, KEEP_ALL_EVENTS);
    } catch (thrown) {
      // They look for themselves, too.
      this.logger.debug(`Queue "${queue}" has no event of a cancel: ${describeThrown(thrown).message}`);
    }
  }

  /** Among the lines of its attempts, if it had any. */
  private async endLines(started: QueuedExecution): Promise<void> {
    if (started.fence === 0) return;
    const { id: executionId, job, scheduleId } = started;
    const schedule = scheduleId !== undefined && { scheduleId };
    const entry = { kind: 'end', executionId, job, ...schedule, at: this.clock.now(), status: 'cancelled' } as const;
    const keep = this.retentionOf(started).age + KEPT_LONGER;
    try {
      const { logs } = this.holder.require('end a log');
      await logs.append({ writer: randomUUID(), number: 1, writes: [{ entry, keep }] });
    } catch (thrown) {
      // Its record says so, too.
      this.logger.debug(`The log of execution "${executionId}" has no end: ${describeThrown(thrown).message}`);
    }
  }

  private retentionOf({ job, overrides }: QueuedExecution): RetentionPolicy {
    const { defaults } = this.options;
    const ofJob = this.registry.find(job)?.definition.retention ?? retentionElsewhere(defaults.retention);
    return retentionOf(ofJob, overrides.retention);
  }

  private async removeFromQueue({ queue, id }: FoundExecution, jobId: string): Promise<boolean> {
    try {
      return (await this.queues.get(queue).remove(jobId)) === 1;
    } catch (error) {
      throw (error as { code?: unknown }).code === NEXT_FIRE ? new FireOwnedError(id, queue) : error;
    }
  }

  /** `false` when it has ended otherwise, at the same moment. */
  private async record(found: FoundExecution, started: QueuedExecution, order: CancelOrder): Promise<boolean> {
    const { history } = this.options;
    // Without history the records of earlier attempts go with it.
    if (!history && !found.record) return true;
    const { executions } = this.holder.require('cancel an execution');
    let { record } = found;
    for (;;) {
      const [owned] = await executions.write([this.toWrite(record, started, order)]);
      if (owned) return true;
      // Since it was looked up, an attempt has come and gone.
      const newer = await executions.load(found.id);
      if (newer?.final || newer?.fence === record?.fence) return false;
      record = newer;
    }
  }

  private toWrite(record: StoredExecution | undefined, started: QueuedExecution, order: CancelOrder): ExecutionWrite {
    const { history } = this.options;
    const { count, age } = this.retentionOf(started);
    const startedAt = record?.attempts[0]?.startedAt;
    return {
      id: started.id,
      job: started.job,
      queue: started.queue,
      fence: Math.max(started.fence, record?.fence ?? 0),
      final: 'cancelled',
      head: {
        ...originOf(started),
        ...(startedAt !== undefined && { startedAt }),
        completedAt: this.clock.now(),
        ...(record?.head?.error && { error: record.head.error }),
        reason: order.reason,
        cancelledBy: order.by,
      },
      keep: { count: history ? count : 0, age },
    };
  }

  private toEvent(started: QueuedExecution, { reason }: CancelOrder): JobEvent {
    return { type: 'cancelled', ...executionFields(this.events, started, this.clock.now()), reason };
  }

  /** What is not given back ends by itself. */
  private async tell(listener: (job: QueuedExecution) => Promise<void>, job: QueuedExecution): Promise<void> {
    try {
      await listener(job);
    } catch (thrown) {
      this.logger.warn(`After execution "${job.id}" was cancelled: ${describeThrown(thrown).message}`);
    }
  }
}
