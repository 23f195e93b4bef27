import type { MemoryJob, Place } from '../state/memory-job.js';
import type { MemoryQueue } from '../state/memory-queue.js';
import { dropJob } from './remove-job.js';
import type { SharedMemory } from '../state/shared-memory.js';

/** Removing many jobs at once. */

const HARD = { hard: true, deduplication: true };

/** Removes what waits, and delayed jobs if wanted; not what schedulers have planned. */
export function drainQueue(memory: SharedMemory, queue: MemoryQueue, delayed: boolean): void {
  const { lists, sorted } = queue;
  const places = [lists.wait, ...(delayed ? [sorted.delayed] : []), sorted.prioritized];
  for (const place of places) {
    for (const job of place.range(0, -1)) if (job.place && !queue.isPlanned(job)) dropJob(memory, queue, job, HARD);
  }
}

/**
 * Removes jobs of a state that are not younger than `timestamp`.
 * @param limit most to remove; 0: no bound.
 * @returns their ids.
 */
export function cleanQueue(
  memory: SharedMemory,
  queue: MemoryQueue,
  state: string,
  timestamp: number,
  limit: number,
): string[] {
  const removed: string[] = [];
  for (const job of candidates(queue, state, timestamp, limit)) {
    if (job.place !== state || !mayClean(queue, job, timestamp)) continue;
    dropJob(memory, queue, job, HARD);
    removed.push(job.id);
  }
  queue.append(['event', 'cleaned', 'count', String(removed.length)]);
  return removed;
}

function candidates(queue: MemoryQueue, state: string, timestamp: number, limit: number): MemoryJob[] {
  const { lists, sorted } = queue;
  const most = limit > 0 ? limit : Infinity;
  if (state === 'wait' || state === 'active') return lists[state].range(limit > 0 ? -limit : 0, -1);
  if (state === 'delayed' || state === 'prioritized') return sorted[state].slice(0, most);
  if (state === 'completed' || state === 'failed' || state === 'waiting-children') {
    return sorted[state].slice(0, Math.min(most, sorted[state].countBelow(Math.floor(timestamp) + 1)));
  }
  return [];
}

function mayClean(queue: MemoryQueue, job: MemoryJob, timestamp: number): boolean {
  const { place } = job;
  if (place === 'completed' || place === 'failed' || place === 'waiting-children') return true;
  if (place === 'active' && queue.locks.has(job.id, queue.clock.now())) return false;
  if (queue.isPlanned(job)) return false;
  const at =
    place === 'prioritized'
      ? job.timestamp
      : place === 'delayed'
        ? (job.processedOn ?? job.timestamp)
        : (job.finishedOn ?? job.processedOn ?? job.timestamp);
  return at <= timestamp;
}

/** What obliteration removes, in its order. Parents that wait for their children stay. */
const BEFORE_SCHEDULERS: readonly Place[] = ['active', 'delayed'];
const AFTER_SCHEDULERS: readonly Place[] = ['completed', 'wait', 'prioritized', 'failed'];

/**
 * Destroys a paused queue, in steps.
 * @returns `done`, `more` when `count` was not enough, or why it is refused.
 */
export function obliterateQueue(
  memory: SharedMemory,
  queue: MemoryQueue,
  force: boolean,
  count: number,
): 'done' | 'more' | 'not paused' | 'has active jobs' {
  if (!queue.isPaused) return 'not paused';
  if (queue.lists.active.size > 0 && !force) return 'has active jobs';
  let left = count;
  const removeFrom = (places: readonly Place[]): boolean =>
    places.every((place) => {
      const jobs = firstOf(queue, place, left);
      left -= jobs.length;
      for (const job of jobs) {
        queue.locks.delete(job.id);
        if (job.place) dropJob(memory, queue, job, HARD);
      }
      return left > 0;
    });

  if (!removeFrom(BEFORE_SCHEDULERS)) return 'more';
  for (const id of [...queue.schedulers.keys()].slice(0, left)) {
    queue.schedulers.delete(id);
    left--;
  }
  if (left <= 0 || !removeFrom(AFTER_SCHEDULERS)) return 'more';
  queue.events.clear();
  queue.stalled.clear();
  queue.stalledCheckAt = 0;
  queue.ids = 0;
  queue.priorities = 0;
  queue.marks.revoke();
  queue.meta.clear();
  queue.metrics.completed.clear();
  queue.metrics.failed.clear();
  return 'done';
}

function firstOf(queue: MemoryQueue, place: Place, count: number): MemoryJob[] {
  return place === 'wait' || place === 'active'
    ? queue.lists[place].range(0, count - 1)
    : queue.sorted[place].slice(0, count);
}
