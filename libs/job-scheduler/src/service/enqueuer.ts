import { randomUUID } from 'node:crypto';
import type { Clock } from '../definition/clock.js';
import type { JobRef } from '../definition/job-ref.js';
import type { JobTrigger } from '../definition/job-status.js';
import type { ResolvedOptions } from '../options/resolved-options.js';
import type { JobRegistry } from '../registry/job-registry.js';
import { toQueueEntry, type NewJob } from '../store/job-envelope.js';
import type { StoreHolder } from '../store/store-holder.js';
import { checkEnqueueOptions } from './check-enqueue-options.js';
import { checkPayload } from './check-payload.js';
import type { EnqueueOptions } from './enqueue-options.js';
import { resolveTarget } from './enqueue-target.js';
import type { ExecutionFinder } from './execution-finder.js';
import type { QueueHub } from './queue-hub.js';
import type { QueueTraitsReader } from './queue-traits.js';
import { guardStore } from './store-guard.js';

/** What was enqueued, or was known already. */
export interface Enqueued {
  readonly id: string;
  readonly job: string;
  readonly queue: string;
  readonly duplicate: boolean;
}

/** What made an enqueue, and when it is due. */
export interface EnqueueCause {
  readonly trigger: JobTrigger;
  readonly scheduleId?: string;
  /** Milliseconds since the epoch. */
  readonly scheduledFor?: number;
  /** Milliseconds from now. */
  readonly delay?: number;
}

/** An entry of `enqueueMany`, without its types. */
export interface EnqueueEntry {
  readonly job: JobRef;
  readonly payload?: unknown;
  readonly options?: EnqueueOptions;
}

/** Puts executions into their queues. */
export class Enqueuer {
  constructor(
    private readonly options: ResolvedOptions,
    private readonly registry: JobRegistry,
    private readonly hub: QueueHub,
    private readonly traits: QueueTraitsReader,
    private readonly finder: ExecutionFinder,
    private readonly holder: StoreHolder,
    private readonly clock: Clock,
  ) {}

  async enqueue(ref: JobRef, payload: unknown, options: EnqueueOptions, cause: EnqueueCause): Promise<Enqueued> {
    const store = this.holder.require('enqueue a job');
    const job = await this.prepare(ref, payload, options, cause);
    return guardStore(store, this.clock, async () => {
      const known = job.ownId ? await this.finder.find(job.id) : undefined;
      if (known) return { id: job.id, job: known.job, queue: known.queue, duplicate: true };
      const { name, data, opts } = toQueueEntry(job);
      await this.hub.get(job.queue).add(name, data, opts);
      return { id: job.id, job: job.job, queue: job.queue, duplicate: false };
    });
  }

  /** One round trip per queue. Entries with an id of their own are looked up first. */
  async enqueueMany(entries: readonly EnqueueEntry[]): Promise<Enqueued[]> {
    const store = this.holder.require('enqueue jobs');
    const jobs = await Promise.all(
      entries.map(({ job, payload, options }) => this.prepare(job, payload, options ?? {}, { trigger: 'enqueue' })),
    );
    return guardStore(store, this.clock, async () => {
      const known = await this.finder.findMany(jobs.filter((job) => job.ownId).map((job) => job.id));
      const fresh = new Map<string, NewJob>();
      const results = jobs.map((job): Enqueued => {
        const first = known.get(job.id) ?? fresh.get(job.id);
        if (!first) fresh.set(job.id, job);
        return { id: job.id, job: (first ?? job).job, queue: (first ?? job).queue, duplicate: first !== undefined };
      });
      await this.addAll([...fresh.values()]);
      return results;
    });
  }

  private async addAll(jobs: readonly NewJob[]): Promise<void> {
    const byQueue = new Map<string, NewJob[]>();
    for (const job of jobs) {
      const batch = byQueue.get(job.queue);
      if (batch) batch.push(job);
      else byQueue.set(job.queue, [job]);
    }
    await Promise.all([...byQueue].map(([queue, batch]) => this.addBatch(queue, batch)));
  }

  private async addBatch(queue: string, batch: readonly NewJob[]): Promise<void> {
    const entries = batch.map(toQueueEntry);
    const [first, ...others] = entries;
    // A bulk of one costs several times a single add on SQL.
    if (first && others.length === 0) await this.hub.get(queue).add(first.name, first.data, first.opts);
    else await this.hub.get(queue).addBulk(entries);
  }

  private async prepare(ref: JobRef, payload: unknown, options: EnqueueOptions, cause: EnqueueCause): Promise<NewJob> {
    const overrides = checkEnqueueOptions(options);
    const target = resolveTarget(this.registry, ref, this.options.defaults, options);
    this.hub.settings(target.queue);
    const payloadJson = await checkPayload(target.name, payload, target.schema, this.options.maxPayload);
    const traits = this.traits.of(target.queue);
    return {
      id: options.id ?? randomUUID(),
      job: target.name,
      queue: target.queue,
      payload,
      payloadJson,
      ...cause,
      metadata: options.metadata,
      overrides,
      ownId: options.id !== undefined,
      createdAt: this.clock.now(),
      delay: cause.delay ?? 0,
      maxAttempts: overrides.retry?.max === undefined ? target.maxAttempts : overrides.retry.max + 1,
      priority: target.priority,
      prioritized: traits.prioritized,
      keepFailed: Math.max(traits.keepFailed, overrides.retention?.failed ?? target.failedRetention),
    };
  }
}
