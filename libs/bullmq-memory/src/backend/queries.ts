import type { DependenciesOpts, JobJson } from 'bullmq';
import { bounds } from '../state/job-list.js';
import type { Children, MemoryJob } from '../state/memory-job.js';
import type { MemoryQueue } from '../state/memory-queue.js';
import type { SharedMemory } from '../state/shared-memory.js';

/** Reading without changing anything. */

/** BullMQ's name of a state, or of what older versions kept under that name: nothing. */
const asPlace = (type: string): string => (type === 'waiting' ? 'wait' : type);

function isList(place: string): place is 'wait' | 'active' {
  return place === 'wait' || place === 'active';
}

/** Lists with the newest first, as they are stored: BullMQ turns those round that it wants ascending. */
export function idsOf(queue: MemoryQueue, type: string, start: number, end: number, ascending: boolean): string[] {
  const place = asPlace(type);
  let jobs: MemoryJob[] = [];
  if (isList(place)) {
    const list = queue.lists[place];
    jobs = ascending ? list.range(fromRight(end), fromRight(start)) : list.range(start, end);
  } else if (place in queue.sorted) {
    const sorted = queue.sorted[place as keyof typeof queue.sorted];
    jobs = ascending ? sorted.range(start, end) : sorted.reverseRange(start, end);
  }
  return jobs.map(({ id }) => id);
}

function fromRight(index: number): number {
  return index === -1 ? 0 : -(index + 1);
}

/** @param delayedBefore only delayed jobs that are due before that time. */
export function countOf(queue: MemoryQueue, type: string, delayedBefore?: number): number {
  const place = asPlace(type);
  if (isList(place)) return queue.lists[place].size;
  if (place === 'delayed' && delayedBefore !== undefined)
    return queue.sorted.delayed.countBelow(delayedBefore * 0x1000);
  return place in queue.sorted ? queue.sorted[place as keyof typeof queue.sorted].size : 0;
}

export function countOfPriority(queue: MemoryQueue, priority: number): number {
  if (priority === 0) return queue.lists.wait.size;
  const { prioritized } = queue.sorted;
  return prioritized.countBelow((priority + 1) * 2 ** 32) - prioritized.countBelow(priority * 2 ** 32);
}

export function countOfChildren(children: Children | undefined, type: string): number {
  if (!children) return 0;
  if (type === 'processed') return children.processed.size;
  if (type === 'unprocessed') return children.pending.size;
  if (type === 'ignored') return children.ignored.size;
  return children.failed.size;
}

/** Children of a job by what has become of them. */
export interface Dependencies {
  nextFailedCursor?: number;
  failed?: string[];
  nextIgnoredCursor?: number;
  ignored?: Record<string, unknown>;
  nextProcessedCursor?: number;
  processed?: Record<string, unknown>;
  nextUnprocessedCursor?: number;
  unprocessed?: string[];
}

/** A job's children by what has become of them: all, or a page of those that are asked for. */
export function dependenciesOf(children: Children | undefined, wanted: DependenciesOpts): Dependencies {
  const processed = [...(children?.processed ?? [])];
  const ignored = [...(children?.ignored ?? [])];
  const pending = [...(children?.pending ?? [])];
  const failed = children?.failedKeys() ?? [];
  if (!wanted.processed && !wanted.unprocessed && !wanted.ignored && !wanted.failed) {
    return { processed: parsed(processed), unprocessed: pending, failed, ignored: Object.fromEntries(ignored) };
  }
  const answer: Dependencies = {};
  if (wanted.processed) {
    const page = pageOf(processed, wanted.processed);
    answer.processed = parsed(page.items);
    answer.nextProcessedCursor = page.next;
  }
  if (wanted.ignored) {
    const page = pageOf(ignored, wanted.ignored);
    answer.ignored = Object.fromEntries(page.items);
    answer.nextIgnoredCursor = page.next;
  }
  if (wanted.failed) {
    const { cursor = 0, count = 20 } = wanted.failed;
    answer.failed = failed.slice(cursor, cursor + count);
    answer.nextFailedCursor = cursor + count;
  }
  if (wanted.unprocessed) {
    const page = pageOf(pending, wanted.unprocessed);
    answer.unprocessed = page.items;
    answer.nextUnprocessedCursor = page.next;
  }
  return answer;
}

/** `next` is 0 after the last page. */
function pageOf<T>(items: readonly T[], { cursor = 0, count = 20 }: { cursor?: number; count?: number }) {
  const end = cursor + count;
  return { items: items.slice(cursor, end), next: end < items.length ? end : 0 };
}

function parsed(entries: readonly [string, string][]): Record<string, unknown> {
  return Object.fromEntries(entries.map(([key, value]) => [key, JSON.parse(value) as unknown]));
}

/** Children of a job, a page. */
export interface ChildrenPage {
  cursor: string;
  items: { id: string; v?: unknown; err?: string }[];
  total: number;
  jobs: JobJson[];
}

/** A page of a job's pending or processed children. @param end the last index; -1: to the end. */
export function pageOfChildren(
  memory: SharedMemory,
  queue: MemoryQueue,
  key: string,
  { start, end, fetchJobs }: { start: number; end: number; fetchJobs?: boolean },
): ChildrenPage {
  const [, id, kind] = /^(.*):(dependencies|processed)$/s.exec(key.slice(queue.key.length + 1)) ?? [];
  const children = id === undefined ? undefined : queue.jobs.get(id)?.children;
  const keys = [...((kind === 'processed' ? children?.processed.keys() : children?.pending) ?? [])];
  const [first, last] = bounds(start, end, keys.length);
  const page = keys.slice(first, last + 1);
  const items = page.map((childKey) => (kind === 'processed' ? withValue(childKey, children!) : { id: childKey }));
  const jobs = fetchJobs ? page.flatMap((childKey) => memory.locate(childKey)?.job.toJson() ?? []) : [];
  return { cursor: '0', items, total: keys.length, jobs };
}

function withValue(key: string, children: Children): ChildrenPage['items'][number] {
  try {
    return { id: key, v: JSON.parse(children.processed.get(key) ?? '') as unknown };
  } catch (error) {
    return { id: key, err: (error as Error).message };
  }
}

/** A page of a job's log lines. Descending pages count from the newest line, which comes first. */
export function logRowsOf(job: MemoryJob | undefined, start: number, end: number, ascending: boolean): string[] {
  const lines = job?.logs ?? [];
  const [first, last] = ascending ? bounds(start, end, lines.length) : bounds(-(end + 1), -(start + 1), lines.length);
  const page = lines.slice(first, Math.max(first, last + 1));
  return ascending ? page : page.toReversed();
}
