import type { JobJson } from 'bullmq';
import type { MemoryQueue } from './memory-queue.js';

/** A job that is to be added. */
export interface NewEntry {
  readonly job: JobJson;
  readonly jobId: string;
}

/**
 * Whether jobs can be added so that at most `limit` wait then. Jobs for later need no room, nor do those that are not
 * added, since their id is known or their deduplication id is held.
 */
export function hasRoom(queue: MemoryQueue, entries: readonly NewEntry[], limit: number): boolean {
  const seen = new Set<string>();
  let added = 0;
  for (const { job, jobId } of entries) {
    const { delay = 0, deduplication } = job.opts;
    const heldId = deduplication?.id;
    let isKnown = jobId !== '' && (seen.has(`id ${jobId}`) || queue.jobs.has(jobId));
    if (!isKnown && heldId) {
      isKnown = seen.has(`held ${heldId}`) || isHeld(queue, heldId);
      seen.add(`held ${heldId}`);
    }
    seen.add(`id ${jobId}`);
    if (!isKnown && delay <= 0) added++;
  }
  return added === 0 || queue.lists.wait.size + queue.sorted.prioritized.size + added <= limit;
}

/** A holder that is gone loses it, if no time ends it. */
function isHeld({ deduplication, jobs, clock }: MemoryQueue, id: string): boolean {
  const holder = deduplication.holder(id, clock.now());
  return holder !== undefined && (jobs.has(holder) || deduplication.ttl(id, clock.now()) !== Infinity);
}
