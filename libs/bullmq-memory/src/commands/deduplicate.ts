import type { JobsOptions } from 'bullmq';
import { optionsText, type NewMemoryJob } from './store-job.js';
import type { MemoryQueue } from '../state/memory-queue.js';

/** A job that is to be added. */
export interface Candidate extends NewMemoryJob {
  readonly isDependency: boolean;
}

type Options = NonNullable<JobsOptions['deduplication']>;

/**
 * Finds out whether a job may be added, and makes it the holder of its deduplication id then.
 * @param isParent a job that waits for its children replaces no other job.
 * @returns the job that holds the id instead; undefined: it may be added.
 */
export function deduplicate(queue: MemoryQueue, job: Candidate, isParent: boolean): string | undefined {
  const options = job.opts.deduplication;
  if (!options?.id) return undefined;
  if (isParent) return holderInstead(queue, job, options);
  if (options.replace) return replace(queue, job, options);
  const holder = holderInstead(queue, job, options);
  if (holder !== undefined && options.reschedule) reschedule(queue, holder, job);
  return holder;
}

/** Without an end of its own while the jobs that come meanwhile are kept. */
export function hold(queue: MemoryQueue, jobId: string, options: Options): void {
  queue.deduplication.hold(
    options.id,
    jobId,
    queue.clock.now(),
    options.keepLastIfActive ? undefined : (options.ttl ?? undefined),
  );
}

function holderInstead(queue: MemoryQueue, job: Candidate, options: Options): string | undefined {
  const holder = queue.deduplication.holder(options.id, queue.clock.now());
  if (holder === undefined || isStale(queue, holder, options)) {
    hold(queue, job.id, options);
    return undefined;
  }
  if (keepAsNext(queue, holder, job, options)) return holder;
  if (options.extend && (options.ttl ?? 0) > 0) hold(queue, holder, options);
  queue.emit('deduplicated', holder, 'deduplicationId', options.id, 'deduplicatedJobId', job.id);
  return holder;
}

function replace(queue: MemoryQueue, job: Candidate, options: Options): string | undefined {
  const { deduplication, clock } = queue;
  const holder = deduplication.holder(options.id, clock.now());
  if (holder === undefined) {
    hold(queue, job.id, options);
    return undefined;
  }
  const held = queue.jobs.get(holder);
  if (held?.place === 'delayed') {
    queue.leave(held);
    queue.jobs.delete(holder);
    queue.emit('removed', holder, 'prev', 'delayed');
    queue.emit('deduplicated', job.id, 'deduplicationId', options.id, 'deduplicatedJobId', holder);
    deduplication.dropNext(options.id);
    const keepsEnd = !options.keepLastIfActive && !options.extend && (options.ttl ?? 0) > 0;
    if (keepsEnd) deduplication.handOver(options.id, job.id, clock.now());
    else hold(queue, job.id, options);
    return undefined;
  }
  if (isStale(queue, holder, options)) {
    hold(queue, job.id, options);
    return undefined;
  }
  keepAsNext(queue, holder, job, options);
  return holder;
}

/** Its holder is gone, and no time ends it: it would be held for ever. */
function isStale(queue: MemoryQueue, holder: string, options: Options): boolean {
  if (queue.jobs.has(holder) || queue.deduplication.ttl(options.id, queue.clock.now()) !== Infinity) return false;
  queue.deduplication.dropNext(options.id);
  return true;
}

/** The newest job that comes while the holder runs is added when that ends. */
function keepAsNext(queue: MemoryQueue, holder: string, job: Candidate, options: Options): boolean {
  if (!options.keepLastIfActive || queue.jobs.get(holder)?.place !== 'active') return false;
  queue.deduplication.setNext(options.id, {
    id: job.id,
    name: job.name,
    data: job.data,
    opts: optionsText(job.opts),
    parentKey: job.parentKey,
    parent: job.parent,
    isDependency: job.isDependency,
    repeatJobKey: job.repeatJobKey,
  });
  queue.deduplication.persist(options.id, queue.clock.now());
  queue.emit('deduplicated', holder, 'deduplicationId', options.id, 'deduplicatedJobId', job.id);
  return true;
}

function reschedule(queue: MemoryQueue, holder: string, job: Candidate): void {
  const held = queue.jobs.get(holder);
  if (held?.place !== 'delayed') return;
  const delay = job.opts.delay ?? 0;
  held.delay = delay;
  queue.leave(held);
  queue.delayAndTell(held, job.timestamp, delay);
}
