import { Inject, Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Clock } from '../../common/clock.js';
import { copyOfJson } from '../../common/json.js';
import type { Overlap } from '../../definition/job-options.js';
import { jobKey } from '../../definition/job-key.js';
import type { JobRef } from '../../definition/job-ref.js';
import type { JobTrigger } from '../../definition/job-status.js';
import { JobKeyError } from '../../errors/payload-errors.js';
import { retentionElsewhere } from '../retention.js';
import { executionFields } from '../../events/job-events.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../../options/resolved-options.js';
import { JobRegistry } from '../../discovery/job-registry.js';
import type { DeclaredJob } from '../../store/ports/declared-job.js';
import { toQueueEntry, type JobToAdd } from '../../store/codecs/job-envelope.js';
import type { Store } from '../../store/ports/ports.js';
import { toSkippedWrite } from '../../store/skipped-write.js';
import { StoreHolder } from '../../store/store-holder.js';
import { BatchAdder, BatchProgress, incomplete, type Wanted } from './batch-adder.js';
import { CallLine } from '../call-line.js';
import { checkEnqueueOptions, checkEntries, checkEnqueueEntry } from './check-enqueue-options.js';
import { checkPayload } from './check-payload.js';
import type { EnqueueOptions } from './enqueue-options.js';
import { toEnqueued, type Enqueued } from '../enqueued.js';
import { resolveTarget } from './enqueue-target.js';
import { EventBus } from '../../events/event-bus.js';
import { checkOwnId, checkSameJob } from '../execution-id.js';
import { KnownExecutions } from '../known-executions.js';
import { BullQueues } from '../../queues/bull-queues.js';
import { QueueCapacity } from '../../queues/queue-capacity.js';
import { inTurns } from '../in-turns.js';
import { guardStore } from '../../store/store-guard.js';

/** What made an enqueue, and when it is due. */
export interface EnqueueCause {
  readonly trigger: JobTrigger;
  readonly scheduleId?: string;
  /** Milliseconds since the epoch. */
  readonly scheduledFor?: number;
  /** Milliseconds from now. */
  readonly delay?: number;
  /** It comes from a schedule, whose payload was checked when it was stored. One that no longer fits fails in the worker, and is kept. */
  readonly isFire?: boolean;
  /** It tells of a failure: its payload holds that of a job, which may be as large as one may be, and its texts. */
  readonly isOnFail?: boolean;
  /** The id cannot have been used before: no look-up is made. */
  readonly isNew?: boolean;
  /** What other processes have said of its job, whose code is not here. */
  readonly declared?: DeclaredJob | undefined;
  /** The policy of the schedule that fired, where it has one of its own. */
  readonly overlap?: Overlap | undefined;
}

/** An entry of `enqueueMany`, without its types. */
export interface EnqueueEntry {
  readonly job: JobRef;
  readonly payload?: unknown;
  readonly options?: EnqueueOptions;
}

/** Puts executions into their queues. */
@Injectable()
export class Enqueuer {
  private readonly line = new CallLine();

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly registry: JobRegistry,
    private readonly queues: BullQueues,
    private readonly known: KnownExecutions,
    private readonly batches: BatchAdder,
    private readonly capacity: QueueCapacity,
    private readonly holder: StoreHolder,
    private readonly clock: Clock,
    private readonly events: EventBus,
  ) {}

  async enqueue(ref: JobRef, payload: unknown, options: EnqueueOptions, cause: EnqueueCause): Promise<Enqueued> {
    const { holder } = this;
    // What is enqueued is the payload as it is at the call: a store that is open is not waited for.
    if (!holder.isReady) await holder.ready();
    const store = holder.require('enqueue a job');
    let job: JobToAdd;
    try {
      job = await this.prepare(ref, payload, options, cause);
    } catch (error) {
      if (!cause.isFire || !(error instanceof JobKeyError)) throw error;
      // No listener is there for it, and it would be the same each time.
      const fire = await this.prepare(ref, payload, options, cause, false);
      await guardStore(store, () => this.recordFire(store, fire, error.message));
      return { id: fire.id, job: fire.job, queue: fire.queue, duplicate: false };
    }
    options.signal?.throwIfAborted();
    const isBounded = cause.trigger === 'enqueue';
    const send = () => this.add(store, job, isBounded, cause.isFire);
    // What the library enqueues by itself does not wait behind the app's calls.
    const add = () => (cause.isFire || cause.isOnFail ? guardStore(store, send) : this.line.run(store, send));
    return isBounded && this.mayWait(job, options) ? this.capacity.enter(job.queue, add, options.signal) : add();
  }

  private async add(store: Store, job: JobToAdd, isBounded: boolean, isFire: boolean | undefined): Promise<Enqueued> {
    const known = job.ownId ? await this.known.find(job.id) : undefined;
    if (known && job.trigger === 'enqueue') checkSameJob(job.id, job.job, known.job);
    if (known) return { id: job.id, job: known.job, queue: known.queue, duplicate: true };
    const { name, data, opts } = toQueueEntry(job);
    const queue = isBounded ? this.queues.getBounded(job.queue) : this.queues.getElsewhere(job.queue);
    const enqueued = toEnqueued(job, await queue.add(name, data, opts));
    if (enqueued.duplicate && isFire) await this.recordFire(store, job, 'unique');
    return enqueued;
  }

  /** Whether the call waits when its queue is full. */
  private mayWait(job: JobToAdd, { whenFull }: EnqueueOptions): boolean {
    const settings = this.queues.settings(job.queue);
    return settings.maxWaiting !== undefined && job.delay === 0 && (whenFull ?? settings.whenFull) === 'wait';
  }

  /** One round trip per queue and portion. Entries with an id of their own are looked up first. */
  async enqueueMany(given: readonly EnqueueEntry[]): Promise<Enqueued[]> {
    const { holder } = this;
    if (!holder.isReady) await holder.ready();
    const store = holder.require('enqueue jobs');
    checkEntries(given);
    const entries = given.slice();
    const wanted = await inTurns(entries, async (entry, index): Promise<Wanted> => {
      checkEnqueueEntry(entry, index);
      const { job, payload, options = {} } = entry;
      const prepared = await this.prepare(job, payload, options, { trigger: 'enqueue' });
      options.signal?.throwIfAborted();
      // Of a long list the JSON is enough.
      const light = prepared.payloadJson === undefined ? prepared : { ...prepared, payload: undefined };
      return { job: light, mayWait: this.mayWait(prepared, options), signal: options.signal };
    });
    const ownIds = new Set(wanted.filter(({ job }) => job.ownId).map(({ job }) => job.id));
    const known = await inTurns([...ownIds], (id) => guardStore(store, () => this.known.find(id)));
    const first = new Map<string, { readonly id: string; readonly job: string; readonly queue: string }>();
    for (const found of known) if (found) first.set(found.id, found);
    const fresh: Wanted[] = [];
    const results = await inTurns(wanted, (each): Enqueued => {
      const { id, job, queue } = each.job;
      const earlier = first.get(id);
      if (earlier) {
        checkSameJob(id, job, earlier.job);
        return { id, job: earlier.job, queue: earlier.queue, duplicate: true };
      }
      first.set(id, each.job);
      fresh.push(each);
      return { id, job, queue, duplicate: false };
    });
    const progress = new BatchProgress();
    try {
      await this.batches.addAll(store, fresh, progress);
    } catch (error) {
      throw progress.stored.size === 0 ? error : incomplete(results, fresh, progress, error);
    }
    // A unique one may have been known by its key: in the queue, or earlier in this batch.
    const { doubled } = progress;
    return doubled.size === 0 ? results : inTurns(results, (each) => doubled.get(each.id) ?? each);
  }

  /** A fire that became no execution stands in the history, with the reason. */
  private async recordFire(store: Store, job: JobToAdd, reason: string): Promise<void> {
    const { registry, options, clock, events } = this;
    const retention = registry.find(job.job)?.definition.retention ?? retentionElsewhere(options.defaults.retention);
    if (options.history && retention.count > 0) {
      await store.executions.write([toSkippedWrite(job, reason, retention, clock.now())]);
    }
    if (events.wanted) events.emit({ type: 'skipped', ...executionFields(events, job, clock.now()), reason });
  }

  private async prepare(
    ref: JobRef,
    payload: unknown,
    options: EnqueueOptions,
    cause: EnqueueCause,
    mayBeUnique = true,
  ): Promise<JobToAdd> {
    const overrides = {
      ...checkEnqueueOptions(cause.isFire || cause.isOnFail ? {} : options),
      ...(cause.overlap !== undefined && { overlap: cause.overlap }),
    };
    // The id of a fire is made of its job's, and may be longer than a user's.
    if (cause.trigger === 'enqueue') checkOwnId(options.id);
    const target = resolveTarget(this.registry, ref, this.options.defaults, options, cause.declared);
    if (!target.isElsewhere) this.queues.settings(target.queue);
    const schema = cause.isFire ? undefined : target.schema;
    const maxPayload = cause.isFire || cause.isOnFail ? Infinity : this.options.maxPayload;
    const metadata = options.metadata && { ...options.metadata };
    const stored = await checkPayload(target.name, payload, schema, maxPayload);
    const unique = mayBeUnique ? target.unique : undefined;
    return {
      id: options.id ?? randomUUID(),
      job: target.name,
      queue: target.queue,
      payload: stored.value,
      payloadJson: stored.json,
      ...cause,
      metadata,
      overrides,
      ownId: options.id !== undefined && !cause.isNew,
      createdAt: this.clock.now(),
      delay: cause.delay ?? 0,
      unique: unique && {
        key: unique.key && jobKey(target.name, 'unique', unique.key, copyOfJson(stored.value, stored.json)),
        for: unique.for,
      },
      maxAttempts: overrides.retry?.max === undefined ? target.maxAttempts : overrides.retry.max + 1,
      priority: target.priority,
      prioritized: target.prioritized,
      keepFailed: overrides.retention?.failed ?? target.failedRetention,
    };
  }
}
